//! Attention and its neighbours as onnxruntime's optimiser and model builders write them, by the standard's `Attention`.

use anyhow::{Result, bail, ensure};

use super::Instance;

/// What onnxruntime adds to the scores of hidden keys.
const HIDDEN: f32 = -10_000.0;

/// The node of the standard's `Attention` over `q`, `k` and `v`, whose keys are hidden by input `mask` and whose scores get
/// input `bias`, where the node has them.
fn attend(node: &Instance<'_>, mask: usize, bias: usize, has_past: bool) -> Result<String> {
    let heads = node.int("num_heads", 0);
    ensure!(heads > 0, "attention has {heads} heads");
    let mut body = String::new();
    if node.has(mask) {
        let hidden = node.float("mask_filter_value", HIDDEN);
        body += &format!("key_bias = predictql.KeyMask mask k hidden={hidden:?}\n");
    }
    let scores = match (node.has(mask), node.has(bias)) {
        (true, true) => {
            body += "score_bias = Add key_bias bias_of_scores\n";
            "score_bias"
        }
        (true, false) => "key_bias",
        (false, true) => "bias_of_scores",
        (false, false) => "_",
    };
    let past = if has_past { "past_k past_v" } else { "_ _" };
    let scale = match node.float("scale", 0.0) {
        0.0 => String::new(),
        scale => format!("scale={scale:?}"),
    };
    body += &format!(
        "attended present_k present_v = Attention q k v {scores} {past} q_num_heads={heads} kv_num_heads={heads} is_causal={} {scale}\n",
        i64::from(node.int("unidirectional", 0) != 0)
    );
    Ok(body + "y = Identity attended\n")
}

/// `q`, `k` and `v` side by side in the last axis of `packed`.
fn unpack(node: &Instance<'_>) -> Result<String> {
    let Some(sizes) = node.ints("qkv_hidden_sizes").filter(|sizes| !sizes.is_empty()) else {
        return Ok("parts = Reshape packed [0,0,3,-1]
            q = Gather parts 0 axis=2
            k = Gather parts 1 axis=2
            v = Gather parts 2 axis=2
            "
        .into());
    };
    let [q, k, v] = sizes else { bail!("`qkv_hidden_sizes` has {} numbers", sizes.len()) };
    let (k_end, v_end) = (q.saturating_add(*k), q.saturating_add(*k).saturating_add(*v));
    Ok(format!(
        "q = Slice packed [0] [{q}] [2]
        k = Slice packed [{q}] [{k_end}] [2]
        v = Slice packed [{k_end}] [{v_end}] [2]
        "
    ))
}

/// Attention over `packed` with keys and values of earlier calls in one tensor.
fn attend_packed(node: &Instance<'_>, mask: usize, past: usize, bias: usize) -> Result<String> {
    ensure!(node.int("do_rotary", 0) == 0, "rotary positions do not run within Attention");
    let mut body = unpack(node)?;
    if node.has(past) {
        body += "past_k = Gather past 0 axis=0\npast_v = Gather past 1 axis=0\n";
    }
    body += &attend(node, mask, bias, node.has(past))?;
    if node.node.output.get(1).is_none_or(String::is_empty) {
        return Ok(body);
    }
    Ok(body
        + "first = Unsqueeze present_k axes=[0]
        second = Unsqueeze present_v axes=[0]
        present = Concat first second axis=0")
}

pub(super) fn attention(node: &Instance<'_>) -> Result<String> {
    let linear = if node.has(2) { "packed = Add product bias" } else { "packed = Identity product" };
    let attention = attend_packed(node, 3, 4, 5)?;
    Ok(format!(
        "x weights bias mask past bias_of_scores -> y present
        product = MatMul x weights
        {linear}
        {attention}"
    ))
}

pub(super) fn q_attention(node: &Instance<'_>) -> Result<String> {
    Ok(format!(
        "x weights bias x_scale weight_scale mask x_zero weight_zero past -> y present
        int_product = MatMulInteger x weights x_zero weight_zero
        unscaled = Cast int_product to=1
        product_scale = Mul x_scale weight_scale
        product = Mul unscaled product_scale
        packed = Add product bias
        {}",
        attend_packed(node, 5, 8, usize::MAX)?
    ))
}

pub(super) fn multi_head_attention(node: &Instance<'_>) -> Result<String> {
    ensure!(node.has(1) && node.has(2), "queries, keys and values in one tensor do not run");
    let mut body =
        String::from("query key value bias mask bias_of_scores past_k past_v -> y present_k present_v\n");
    body += if node.has(3) {
        "biases = Reshape bias [3,-1]
        q_bias = Gather biases 0
        k_bias = Gather biases 1
        v_bias = Gather biases 2
        q = Add query q_bias
        k = Add key k_bias
        v = Add value v_bias
        "
    } else {
        // Those of an encoder may have their heads in front of the steps.
        "q = Identity query\nk = predictql.SideBySide key\nv = predictql.SideBySide value\n"
    };
    Ok(body + &attend(node, 4, 5, node.has(6))?)
}

/// A step of a decoder over the keys and values of an encoder. Over its own earlier ones it writes into a buffer that it shares
/// with its caller, which a query has not.
pub(super) fn decoder_masked_attention(node: &Instance<'_>) -> Result<String> {
    ensure!(!node.has(5), "`past_key` of DecoderMaskedMultiHeadAttention does not run");
    ensure!(node.has(1) && node.has(2), "queries, keys and values in one tensor do not run");
    let q = if node.has(10) {
        "biases = Reshape bias [3,-1]\nq_bias = Gather biases 0\nq = Add query q_bias"
    } else {
        "q = Identity query"
    };
    Ok(format!(
        "query key value mask bias_of_scores past_k past_v past_length beams indirection bias -> y
        {q}
        k = predictql.SideBySide key
        v = predictql.SideBySide value
        {}",
        attend(node, 3, 4, false)?
    ))
}

pub(super) fn embed_layer_normalization(node: &Instance<'_>) -> Result<String> {
    let mut body = String::from(
        "ids segments words positions segment_words gamma beta mask position_ids -> y mask_index embedding_sum
        word = Gather words ids
        ",
    );
    body += if node.has(8) {
        "position = Gather positions position_ids\n"
    } else {
        "ids_shape = Shape ids\nsteps = Gather ids_shape [1]\nposition = Slice positions [0] steps [0]\n"
    };
    body += "placed = Add word position\n";
    body += if node.has(1) {
        "segment = Gather segment_words segments\nembedding_sum = Add placed segment\n"
    } else {
        "embedding_sum = Identity placed\n"
    };
    body += if node.has(7) {
        "mask_index = ReduceSum mask axes=[1] keepdims=0\n"
    } else {
        "no_mask = Sub ids ids\nmask_index = ReduceSum no_mask axes=[1] keepdims=0\n"
    };
    // Default: onnxruntime's own.
    let epsilon = node.float("epsilon", 1e-12);
    Ok(body + &format!("y = LayerNormalization embedding_sum gamma beta axis=-1 epsilon={epsilon:?}"))
}

/// Products with weights of 2, 4 or 8 bits, in blocks that have a scale, and a zero or the middle.
pub(super) fn mat_mul_n_bits(node: &Instance<'_>) -> Result<String> {
    let (bits, block) = (node.int("bits", 4), node.int("block_size", 0));
    let (inner, outer) = (node.int("K", 0), node.int("N", 0));
    ensure!(
        matches!(bits, 2 | 4 | 8) && block > 0 && inner > 0 && outer > 0,
        "weights of {bits} bits in blocks of {block} do not run"
    );
    ensure!(!node.has(4), "`g_idx` of MatMulNBits does not run");
    let blocks = inner.saturating_add(block - 1) / block;
    let mut body = String::from("x packed scales zeros order bias -> y\n");
    body += &levels("packed", bits, &format!("[{outer},{blocks},{block}]"));
    body += &match (node.has(3), bits) {
        (true, _) if node.is_float(3) => format!("middle = Reshape zeros [{outer},{blocks},1]\n"),
        (false, _) => format!("middle = Identity {}.0\n", 1_i64 << (bits - 1)),
        // Zeros of all blocks of a column fill whole bytes.
        (true, 8) => {
            format!("middle_bytes = Reshape zeros [{outer},{blocks},1]\nmiddle = Cast middle_bytes to=1\n")
        }
        (true, _) => {
            levels("zeros", bits, &format!("[{outer},-1,1]"))
                + &format!("middle = Slice zeros_levels [0] [{blocks}] [1]\n")
        }
    };
    body += &format!(
        "centred = Sub packed_levels middle
        wide_scales = Reshape scales [{outer},{blocks},1]
        weights = Mul centred wide_scales
        rows = Reshape weights [{outer},-1]
        columns = Slice rows [0] [{inner}] [1]
        matrix = Transpose columns perm=[1,0]
        product = MatMul x matrix
        "
    );
    Ok(body + if node.has(5) { "y = Add product bias" } else { "y = Identity product" })
}

/// `{name}_levels`: the numbers of `bits` bits that are packed into the bytes `{name}`, the low bits first, in this shape.
fn levels(name: &str, bits: i64, shape: &str) -> String {
    if bits == 8 {
        return format!("{name}_bytes = Reshape {name} {shape}\n{name}_levels = Cast {name}_bytes to=1\n");
    }
    let mut body = format!("{name}_rest0 = Cast {name} to=1\n");
    let (size, parts) = (1_i64 << bits, 8 / bits);
    let mut joined = String::new();
    for part in 0..parts {
        let next = part + 1;
        body += &format!(
            "{name}_ratio{part} = Mul {name}_rest{part} {:?}
            {name}_rest{next} = Floor {name}_ratio{part}
            {name}_high{part} = Mul {name}_rest{next} {size}.0
            {name}_low{part} = Sub {name}_rest{part} {name}_high{part}
            {name}_part{part} = Unsqueeze {name}_low{part} axes=[-1]
            ",
            1.0 / f64::from(1_u32 << bits)
        );
        joined += &format!(" {name}_part{part}");
    }
    body + &format!("{name}_joined = Concat{joined} axis=-1\n{name}_levels = Reshape {name}_joined {shape}\n")
}
