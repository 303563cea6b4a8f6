//! Operators over plan nodes made by hand: what SQL alone does not show, or shows only by its size.

use std::sync::Arc;

use super::{Context, Poll, start, start_measured};
use crate::control::Stopwatch;
use crate::data::{Batch, DataType, Field, Scalar, Schema, array_of, scalar_at};
use crate::diag::{Code, Result, Span};
use crate::function::{self, Body, Env, Kernel, Ranking, function};
use crate::limits::Limits;
use crate::plan::{
    Aggregate, Expr, ExprKind, JoinKind, Node, NodeKind, Order, Plan, Subplan, SubplanKind, WindowCall,
};
use crate::syntax::SqlOperator;
use crate::table::Table;

use DataType::{Bool, Float64, Int64, String as Text};

fn context(limits: Limits) -> Context {
    let env = Env::new(Arc::new(limits), 0, 0);
    Context::new(env, Arc::default(), Stopwatch::new(|| 0.0))
}

fn few_rows() -> Limits {
    Limits { batch_rows: 2, ..Limits::default() }
}

/// A table of batches of two rows.
fn table(columns: &[(DataType, &[Scalar])]) -> Node {
    let fields: Vec<_> = columns.iter().map(|(data_type, _)| Field::new("c", data_type.clone())).collect();
    let schema = Schema { fields };
    let rows = columns.first().map_or(0, |(_, values)| values.len());
    let arrays = columns.iter().map(|(data_type, values)| array_of(values, data_type).unwrap()).collect();
    let all = Batch::new(rows, arrays).unwrap();
    let batches = (0..rows).step_by(2).map(|first| all.slice(first, 2)).collect();
    let table = Arc::new(Table { schema: schema.clone(), batches, notes: Vec::new() });
    Node { kind: NodeKind::Scan { table, columns: (0..columns.len()).collect() }, schema }
}

fn ints(values: &[i64]) -> Vec<Scalar> {
    values.iter().map(|value| Scalar::Int64(*value)).collect()
}

fn node(kind: NodeKind, types: &[DataType]) -> Node {
    let fields = types.iter().map(|data_type| Field::new("c", data_type.clone())).collect();
    Node { kind, schema: Schema { fields } }
}

fn column(index: usize, data_type: DataType) -> Expr {
    Expr::column(index, data_type, Span::default())
}

fn literal(value: Scalar) -> Expr {
    let data_type = value.data_type().unwrap_or(Int64);
    Expr { kind: ExprKind::Literal(value), data_type, span: Span::default() }
}

/// An operator with its first signature that takes these types as they are.
fn call(operator: SqlOperator, args: Vec<Expr>, returns: DataType) -> Expr {
    let function = function::operator(operator);
    let kernel: Kernel = function
        .signatures
        .iter()
        .filter(|signature| {
            let takes = |wanted: &crate::function::Type| {
                wanted.name() == "T" || args.iter().all(|arg| wanted.name() == arg.data_type.to_string())
            };
            signature.args.iter().all(takes)
        })
        .find_map(|signature| if let Body::Scalar(kernel) = signature.body { Some(kernel) } else { None })
        .unwrap();
    Expr {
        kind: ExprKind::Call { function, kernel, args, safe: false },
        data_type: returns,
        span: Span::default(),
    }
}

fn ascending(expr: Expr) -> Order {
    Order { expr, descending: false, nulls_first: true }
}

/// The aggregate `name` over `args`, with the signature that returns `returns`.
fn aggregate(name: &str, args: Vec<Expr>, returns: DataType) -> Aggregate {
    let function = function(name).unwrap();
    let fits = |signature: &&crate::function::Signature| {
        signature.args.len() == args.len()
            && signature
                .args
                .iter()
                .zip(&args)
                .all(|(wanted, arg)| ["T", &arg.data_type.to_string()].contains(&wanted.name().as_str()))
    };
    let Some(Body::Aggregate(start)) = function.signatures.iter().find(fits).map(|signature| signature.body)
    else {
        panic!("no aggregate {name}")
    };
    Aggregate::plain(function, start, args, returns, Span::default())
}

/// Runs a plan and returns its rows as text, the values separated by spaces.
fn run_plan(plan: Plan, ctx: &mut Context) -> Result<Vec<String>> {
    let schema = plan.root.schema.clone();
    let mut root = start(plan);
    let mut rows = Vec::new();
    loop {
        match root.poll(ctx)? {
            Poll::Batch(batch) => {
                assert!((1..=ctx.env.limits.batch_rows.max(2)).contains(&batch.rows()));
                for row in 0..batch.rows() {
                    let value = |(index, field): (usize, &Field)| {
                        scalar_at(batch.column(index).unwrap(), &field.data_type, row).unwrap().to_string()
                    };
                    rows.push(schema.fields.iter().enumerate().map(value).collect::<Vec<_>>().join(" "));
                }
            }
            Poll::Working => {}
            Poll::Waiting => panic!("nothing lies outside"),
            Poll::Done => return Ok(rows),
        }
    }
}

fn run(root: Node) -> Vec<String> {
    run_plan(Plan { subplans: Vec::new(), queries: Vec::new(), root }, &mut context(few_rows())).unwrap()
}

/// Left 1, 2, 2, NULL; right 2, 2, 3, NULL with 10, 20, 30, 40.
fn join(kind: JoinKind, keyed: bool, condition: Option<Expr>) -> Vec<String> {
    let left = [&ints(&[1, 2, 2])[..], &[Scalar::Null]].concat();
    let right = [&ints(&[2, 2, 3])[..], &[Scalar::Null]].concat();
    let left = table(&[(Int64, &left)]);
    let right = table(&[(Int64, &right), (Int64, &ints(&[10, 20, 30, 40]))]);
    let keys = if keyed { vec![(column(0, Int64), column(0, Int64))] } else { Vec::new() };
    let kind = NodeKind::Join { left: Box::new(left), right: Box::new(right), kind, keys, condition };
    run(node(kind, &[Int64, Int64, Int64]))
}

#[test]
fn rows_without_partner_stay_on_their_side() {
    let pairs = ["2 2 10", "2 2 20", "2 2 10", "2 2 20"];
    assert_eq!(join(JoinKind::Inner, true, None), pairs);
    assert_eq!(
        join(JoinKind::Left, true, None),
        [&["1 NULL NULL"], &pairs[..], &["NULL NULL NULL"]].concat()
    );
    assert_eq!(join(JoinKind::Right, true, None), [&pairs[..], &["NULL 3 30", "NULL NULL 40"]].concat());
    let full = [&["1 NULL NULL"], &pairs[..], &["NULL NULL NULL", "NULL 3 30", "NULL NULL 40"]].concat();
    assert_eq!(join(JoinKind::Full, true, None), full);
}

#[test]
fn a_partner_must_pass_the_condition_too() {
    let only = |value| call(SqlOperator::Equal, vec![column(2, Int64), literal(Scalar::Int64(value))], Bool);
    let left = ["1 NULL NULL", "2 2 20", "2 2 20", "NULL NULL NULL"];
    assert_eq!(join(JoinKind::Left, true, Some(only(20))), left);
    let none = ["1 NULL NULL", "2 NULL NULL", "2 NULL NULL", "NULL NULL NULL"];
    assert_eq!(join(JoinKind::Left, true, Some(only(30))), none);
    let full = [&left[..], &["NULL 2 10", "NULL 3 30", "NULL NULL 40"]].concat();
    assert_eq!(join(JoinKind::Full, true, Some(only(20))), full);
    assert_eq!(
        join(JoinKind::Inner, false, Some(only(40))),
        ["1 NULL 40", "2 NULL 40", "2 NULL 40", "NULL NULL 40"]
    );
}

#[test]
fn without_keys_every_row_meets_every_other() {
    assert_eq!(join(JoinKind::Inner, false, None).len(), 16);
    let empty = table(&[(Int64, &[])]);
    let left = table(&[(Int64, &ints(&[1, 2]))]);
    let kind = NodeKind::Join {
        left: Box::new(left),
        right: Box::new(empty),
        kind: JoinKind::Left,
        keys: Vec::new(),
        condition: None,
    };
    assert_eq!(run(node(kind, &[Int64, Int64])), ["1 NULL", "2 NULL"]);
}

/// A product of a billion rows returns its first ones at once.
#[test]
fn a_product_is_made_in_pieces() {
    let many = || table(&[(Int64, &ints(&(0..1_000).collect::<Vec<_>>()))]);
    let product = |left: Node, right: Node, types: &[DataType]| {
        let (left, right) = (Box::new(left), Box::new(right));
        node(NodeKind::Join { left, right, kind: JoinKind::Inner, keys: Vec::new(), condition: None }, types)
    };
    let two = product(many(), many(), &[Int64, Int64]);
    let three = product(two, many(), &[Int64, Int64, Int64]);
    let limit = NodeKind::Limit { input: Box::new(three), count: 3, offset: 0 };
    // The rows of the middle are held: a thousand at a time would do, a million would not.
    let limits = Limits { held_rows: 1_000, batch_rows: 100, ..Limits::default() };
    let plan = Plan { subplans: Vec::new(), queries: Vec::new(), root: node(limit, &[Int64, Int64, Int64]) };
    assert_eq!(run_plan(plan, &mut context(limits)).unwrap(), ["0 0 0", "0 0 1", "0 0 2"]);
}

#[test]
fn what_must_be_held_has_a_limit() {
    let rows = table(&[(Int64, &ints(&[3, 1, 2]))]);
    let kind = NodeKind::Sort { input: Box::new(rows), keys: vec![ascending(column(0, Int64))], limit: None };
    let limits = Limits { held_rows: 2, ..few_rows() };
    let plan = Plan { subplans: Vec::new(), queries: Vec::new(), root: node(kind, &[Int64]) };
    assert_eq!(run_plan(plan, &mut context(limits)).unwrap_err().code(), Code::LimitExceeded);
}

/// Of 10,000 rows the first three are wanted: never more than a few batches of them are held.
#[test]
fn the_start_of_an_order_needs_little_room() {
    let values: Vec<_> = (0..10_000).map(|row| (row * 7_919) % 10_007).collect();
    let mut smallest = values.clone();
    smallest.sort_unstable();
    let rows = table(&[(Int64, &ints(&values))]);
    let key = call(SqlOperator::Negate, vec![column(0, Int64)], Int64);
    let order = Order { expr: key, descending: true, nulls_first: false };
    let kind = NodeKind::Sort { input: Box::new(rows), keys: vec![order], limit: Some(3) };
    let limits = Limits { held_rows: 16, ..few_rows() };
    let plan = Plan { subplans: Vec::new(), queries: Vec::new(), root: node(kind, &[Int64]) };
    let found = run_plan(plan, &mut context(limits)).unwrap();
    assert_eq!(found, smallest.iter().take(3).map(ToString::to_string).collect::<Vec<_>>());
}

#[test]
fn floats_group_by_value() {
    let floats = [0.0, f64::NAN, -0.0, 1.0, -f64::NAN].map(Scalar::Float64);
    let kind = NodeKind::Aggregate {
        input: Box::new(table(&[(Float64, &floats)])),
        keys: vec![column(0, Float64)],
        aggregates: vec![aggregate("COUNT", Vec::new(), Int64)],
    };
    assert_eq!(run(node(kind, &[Float64, Int64])), ["0 2", "nan 2", "1 1"]);
}

#[test]
fn no_rows_are_one_group_without_keys_and_none_with_keys() {
    let none = || Box::new(table(&[(Int64, &[])]));
    let names = ["COUNT", "SUM", "MAX", "ANY_VALUE"];
    let aggregates: Vec<_> = names.map(|name| aggregate(name, vec![column(0, Int64)], Int64)).into();
    let one = NodeKind::Aggregate { input: none(), keys: Vec::new(), aggregates: aggregates.clone() };
    assert_eq!(run(node(one, &[Int64, Int64, Int64, Int64])), ["0 NULL NULL NULL"]);
    let keyed = NodeKind::Aggregate { input: none(), keys: vec![column(0, Int64)], aggregates };
    assert_eq!(run(node(keyed, &[Int64, Int64, Int64, Int64, Int64])), Vec::<String>::new());
}

#[test]
fn what_stands_in_the_parentheses_holds_for_each_group() {
    let keys = ints(&[1, 2, 1, 1, 2, 1]);
    let values = ["c", "x", "a", "c", "x", "b"].map(|text| Scalar::String(text.into()));
    let agg = |change: fn(&mut Aggregate)| {
        let mut call = aggregate("ARRAY_AGG", vec![column(1, Text)], DataType::array(Text));
        change(&mut call);
        call
    };
    let kind = NodeKind::Aggregate {
        input: Box::new(table(&[(Int64, &keys), (Text, &values)])),
        keys: vec![column(0, Int64)],
        aggregates: vec![
            agg(|_| {}),
            agg(|call| call.distinct = true),
            agg(|call| call.limit = Some(2)),
            agg(|call| {
                call.order_by = vec![ascending(column(1, Text))];
                call.limit = Some(3);
            }),
        ],
    };
    let array = DataType::array(Text);
    assert_eq!(
        run(node(kind, &[Int64, array.clone(), array.clone(), array.clone(), array])),
        [
            r#"1 ["c", "a", "c", "b"] ["c", "a", "b"] ["c", "a"] ["a", "b", "c"]"#,
            r#"2 ["x", "x"] ["x"] ["x", "x"] ["x", "x"]"#,
        ]
    );
}

/// Partitions `a`: 1, 2, 2, 5 and `b`: 3; the rows stay in their order.
#[test]
fn running_aggregates_include_the_peers() {
    let partitions = ["a", "b", "a", "a", "a"].map(|text| Scalar::String(text.into()));
    let values = ints(&[2, 3, 5, 1, 2]);
    let sum = aggregate("SUM", vec![column(1, Int64)], Int64);
    let distinct = Aggregate { distinct: true, ..aggregate("COUNT", vec![column(1, Int64)], Int64) };
    let all = aggregate("ARRAY_AGG", vec![column(1, Int64)], DataType::array(Int64));
    let different = aggregate("APPROX_COUNT_DISTINCT", vec![column(1, Int64)], Int64);
    let window = |order_by, calls, types: &[DataType]| {
        let input = Box::new(table(&[(Text, &partitions), (Int64, &values)]));
        let partition_by = vec![column(0, Text)];
        run(node(NodeKind::Window { input, partition_by, order_by, calls, keep: vec![1] }, types))
    };
    let calls = vec![
        WindowCall::Aggregate { aggregate: sum.clone(), frame: None },
        WindowCall::Aggregate { aggregate: distinct, frame: None },
        WindowCall::Aggregate { aggregate: all, frame: None },
        WindowCall::Aggregate { aggregate: different, frame: None },
        WindowCall::Ranking(Ranking::RowNumber),
        WindowCall::Ranking(Ranking::Rank),
        WindowCall::Ranking(Ranking::DenseRank),
    ];
    let types = [&[Int64, Int64, Int64, DataType::array(Int64)][..], &[const { Int64 }; 4]].concat();
    assert_eq!(
        window(vec![ascending(column(1, Int64))], calls, &types),
        [
            "2 5 2 [1, 2, 2] 2 2 2 2",
            "3 3 1 [3] 1 1 1 1",
            "5 10 3 [1, 2, 2, 5] 3 4 4 3",
            "1 1 1 [1] 1 1 1 1",
            "2 5 2 [1, 2, 2] 2 3 2 2",
        ]
    );
    let whole =
        window(Vec::new(), vec![WindowCall::Aggregate { aggregate: sum, frame: None }], &[Int64, Int64]);
    assert_eq!(whole, ["2 10", "3 3", "5 10", "1 10", "2 10"]);
}

fn projected(values: &[i64], exprs: Vec<Expr>) -> Result<Vec<String>> {
    let types: Vec<_> = exprs.iter().map(|expr| expr.data_type.clone()).collect();
    let input = Box::new(table(&[(Int64, &ints(values))]));
    let plan = Plan {
        subplans: Vec::new(),
        queries: Vec::new(),
        root: node(NodeKind::Project { input, exprs }, &types),
    };
    run_plan(plan, &mut context(Limits::default()))
}

/// 9223372036854775807 + x fails for positive x.
fn failing() -> Expr {
    call(SqlOperator::Add, vec![literal(Scalar::Int64(i64::MAX)), column(0, Int64)], Int64)
}

fn of(kind: ExprKind, data_type: DataType) -> Expr {
    Expr { kind, data_type, span: Span::default() }
}

#[test]
fn case_computes_values_for_their_rows_alone() {
    let positive = || call(SqlOperator::Greater, vec![column(0, Int64), literal(Scalar::Int64(0))], Bool);
    let case = |branches, otherwise| of(ExprKind::Case { branches, otherwise: Box::new(otherwise) }, Int64);
    let safe = case(vec![(positive(), column(0, Int64))], failing());
    let expected = ["1", "9223372036854775806", "2"];
    assert_eq!(projected(&[1, -1, 2], vec![safe.clone()]).unwrap(), expected);
    // The second condition is asked of the row that the first one left.
    let second = call(SqlOperator::Greater, vec![failing(), literal(Scalar::Int64(0))], Bool);
    let two = case(
        vec![(positive(), column(0, Int64)), (second, literal(Scalar::Int64(7)))],
        literal(Scalar::Null),
    );
    assert_eq!(projected(&[1, -1, 2], vec![two]).unwrap(), ["1", "7", "2"]);
    let never = case(vec![(literal(Scalar::Bool(true)), column(0, Int64))], failing());
    assert_eq!(projected(&[1, 2], vec![never]).unwrap(), ["1", "2"]);
    // A row that fails is named by its number among all rows, inside a CASE within a CASE too.
    let inner = case(vec![(literal(Scalar::Bool(true)), failing())], literal(Scalar::Null));
    let is_two = call(SqlOperator::Equal, vec![column(0, Int64), literal(Scalar::Int64(2))], Bool);
    let wrong = case(vec![(is_two, inner)], column(0, Int64));
    let error = projected(&[1, 1, 2], vec![wrong]).unwrap_err();
    assert!(error.to_string().contains("row 3: 9223372036854775807 + 2"), "{error}");
}

#[test]
fn coalesce_computes_what_is_needed() {
    let null_if_positive = of(
        ExprKind::Case {
            branches: vec![(
                call(SqlOperator::Greater, vec![column(0, Int64), literal(Scalar::Int64(0))], Bool),
                literal(Scalar::Null),
            )],
            otherwise: Box::new(literal(Scalar::Int64(0))),
        },
        Int64,
    );
    let items =
        vec![null_if_positive.clone(), call(SqlOperator::Negate, vec![column(0, Int64)], Int64), failing()];
    let coalesce = of(ExprKind::Coalesce(items), Int64);
    assert_eq!(projected(&[1, -1, 2], vec![coalesce]).unwrap(), ["-1", "0", "-2"]);
    let nulls = of(ExprKind::Coalesce(vec![null_if_positive, literal(Scalar::Null)]), Int64);
    assert_eq!(projected(&[1, -1], vec![nulls]).unwrap(), ["NULL", "0"]);
}

#[test]
fn safe_gives_null_for_rows_that_fail() {
    let mut sum = failing();
    if let ExprKind::Call { safe, .. } = &mut sum.kind {
        *safe = true;
    }
    assert_eq!(projected(&[1, -1, 2], vec![sum]).unwrap(), ["NULL", "9223372036854775806", "NULL"]);
}

#[test]
fn subplans_run_first() {
    let subplan = |values: &[i64], kind| Subplan {
        root: table(&[(Int64, &ints(values))]),
        kind,
        span: Span::new(3, 5),
    };
    let plan = |subplans: Vec<Subplan>, types: &[DataType]| {
        let exprs = types
            .iter()
            .enumerate()
            .map(|(number, data_type)| of(ExprKind::Subplan(number), data_type.clone()))
            .collect();
        let input = Box::new(node(NodeKind::OneRow, &[]));
        Plan { subplans, queries: Vec::new(), root: node(NodeKind::Project { input, exprs }, types) }
    };
    let subplans = vec![
        subplan(&[5], SubplanKind::Value),
        subplan(&[], SubplanKind::Value),
        subplan(&[1, 2, 3], SubplanKind::Exists),
        subplan(&[], SubplanKind::Exists),
        subplan(&[1, 2, 3], SubplanKind::Array),
        subplan(&[], SubplanKind::Array),
    ];
    let types = [Int64, Int64, Bool, Bool, DataType::array(Int64), DataType::array(Int64)];
    let rows = run_plan(plan(subplans, &types), &mut context(few_rows())).unwrap();
    assert_eq!(rows, ["5 NULL TRUE FALSE [1, 2, 3] []"]);
    let two = plan(vec![subplan(&[1, 2], SubplanKind::Value)], &[Int64]);
    let error = run_plan(two, &mut context(few_rows())).unwrap_err();
    assert_eq!(
        (error.code(), error.diagnostics().next().unwrap().span),
        (Code::TooManyRows, Some(Span::new(3, 5)))
    );
    let shared = || node(NodeKind::Shared { subplan: 0, columns: vec![0] }, &[Int64]);
    let root = node(NodeKind::Union { inputs: vec![shared(), shared()] }, &[Int64]);
    let plan = Plan { subplans: vec![subplan(&[1, 2, 3], SubplanKind::Rows)], queries: Vec::new(), root };
    assert_eq!(run_plan(plan, &mut context(few_rows())).unwrap(), ["1", "2", "3", "1", "2", "3"]);
}

#[test]
fn unnest_gives_a_row_for_each_element() {
    let arrays = [
        Scalar::Array(Int64, ints(&[1, 2, 3, 4, 5])),
        Scalar::Null,
        Scalar::Array(Int64, Vec::new()),
        Scalar::Array(Int64, ints(&[6])),
    ];
    let unnest = |outer| {
        let input = Box::new(table(&[(Int64, &ints(&[10, 20, 30, 40])), (DataType::array(Int64), &arrays)]));
        let array = column(1, DataType::array(Int64));
        run(node(
            NodeKind::Unnest { input, array, keep: vec![0], offset: true, outer },
            &[Int64, Int64, Int64],
        ))
    };
    assert_eq!(unnest(false), ["10 1 0", "10 2 1", "10 3 2", "10 4 3", "10 5 4", "40 6 0"]);
    assert_eq!(
        unnest(true),
        ["10 1 0", "10 2 1", "10 3 2", "10 4 3", "10 5 4", "20 NULL NULL", "30 NULL NULL", "40 6 0"]
    );
}

#[test]
fn nodes_are_measured_in_the_order_of_the_plan() {
    let rows = table(&[(Int64, &ints(&[1, 1, 2]))]);
    let distinct = node(NodeKind::Distinct { input: Box::new(rows) }, &[Int64]);
    let subplan =
        Subplan { root: table(&[(Int64, &ints(&[7]))]), kind: SubplanKind::Value, span: Span::default() };
    let mut ctx = context(few_rows());
    let mut root = start_measured(Plan { subplans: vec![subplan], queries: Vec::new(), root: distinct });
    while !matches!(root.poll(&mut ctx).unwrap(), Poll::Done) {}
    assert_eq!(ctx.metrics.iter().map(|operator| operator.rows).collect::<Vec<_>>(), [1, 2, 3]);
}
