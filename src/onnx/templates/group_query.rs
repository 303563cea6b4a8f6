//! `GroupQueryAttention` of onnxruntime's model builder: heads of queries share heads of keys, with rotary positions, windows,
//! caps and sinks. What needs no more than the standard's `Attention` becomes that.

use anyhow::{Result, ensure};

use super::{Instance, attention};

pub(super) fn group_query_attention(node: &Instance<'_>) -> Result<String> {
    check_group_query(node)?;
    let mut body = String::from(
        "query key value past_k past_v last_keys total cos sin places bias_of_scores sinks -> y present_k present_v\n",
    );
    body += &group_query_heads(node);
    body += "new_shape = Shape k_heads\nnew = Gather new_shape [2]\n";
    body += if node.has(3) {
        "past_shape = Shape past_k\nbefore = Gather past_shape [2]\nend = Add before new\n"
    } else {
        "before = Identity [0]\nend = Identity new\n"
    };
    let is_rotary = node.int("do_rotary", 0) != 0;
    if is_rotary {
        body += if node.has(9) {
            "cosines_placed = Gather cos places
            sines_placed = Gather sin places
            cosines = Unsqueeze cosines_placed axes=[1]
            sines = Unsqueeze sines_placed axes=[1]
            "
        } else {
            "cosines = Slice cos before end [0]\nsines = Slice sin before end [0]\n"
        };
    }
    for name in ["q", "k"] {
        body += &if is_rotary {
            rotated(name, node.int("rotary_interleaved", 0) != 0)
        } else {
            format!("{name}_placed = Identity {name}_heads\n")
        };
    }
    body += &attend(node);
    // Behind earlier keys, new ones that are not all there would lie elsewhere: only 0 is an index of the one element. Without
    // earlier keys they are behind all others, where no step sees them.
    Ok(body
        + "steps = Transpose heads perm=[0,2,1,3]
        merged = Reshape steps [0,0,-1]
        length = CastLike end last_keys
        one = CastLike 1 last_keys
        last = Sub length one
        difference = Sub last last_keys
        squared = Mul difference difference
        before_like = CastLike before last_keys
        excess = Mul squared before_like
        none = Gather [0.0] excess
        nothing = Reshape none [-1,1,1]
        y = Add merged nothing")
}

/// Refuses what the template does not do.
fn check_group_query(node: &Instance<'_>) -> Result<()> {
    let (heads, groups) = (node.int("num_heads", 0), node.int("kv_num_heads", 0));
    ensure!(heads > 0 && groups > 0 && heads % groups == 0, "{heads} heads do not share {groups}");
    for name in ["k_quant_type", "v_quant_type", "qk_output"] {
        ensure!(
            matches!(node.text(name, "NONE"), Ok("" | "NONE")) && node.int(name, 0) == 0,
            "`{name}` of GroupQueryAttention does not run"
        );
    }
    Ok(())
}

/// `heads`, `present_k` and `present_v` of `q_placed`, `k_placed` and `v_heads`, with keys in front of them that end before
/// `before`, and after which all end at `end`.
fn attend(node: &Instance<'_>) -> String {
    let scale = node.float("scale", 0.0);
    let has_sinks = node.has(11) || node.int("smooth_softmax", 0) > 0;
    let is_plain =
        node.int("local_window_size", -1) < 0 && node.float("softcap", 0.0) == 0.0 && !node.has(10);
    if is_plain && !has_sinks {
        let past = if node.has(3) { "past_k past_v" } else { "_ _" };
        let scale = if scale == 0.0 { String::new() } else { format!("scale={scale:?}") };
        return format!(
            "heads present_k present_v = Attention q_placed k_placed v_heads _ {past} is_causal=1 {scale}\n"
        );
    }
    let mut body = all_keys(node);
    body += &match scale {
        0.0 => "width = Gather k_dims [3]
            width_like = CastLike width q_placed
            width_root = Sqrt width_like
            scaled = Div q_placed width_root
            "
        .into(),
        scale => format!("scale_like = CastLike {scale:?} q_placed\nscaled = Mul q_placed scale_like\n"),
    };
    body += "k_turned = Transpose k_all perm=[0,1,3,2]\nscores = MatMul scaled k_turned\n";
    body += &match node.float("softcap", 0.0) {
        cap if cap > 0.0 => attention::capped("scores", cap, "q_placed"),
        _ => "capped = Identity scores\n".into(),
    };
    body += &hide_keys(node);
    body += if node.has(10) { "biased = Add masked bias_of_scores\n" } else { "biased = Identity masked\n" };
    body +=
        &if has_sinks { softmax_with_sinks(node) } else { "probabilities = Softmax biased axis=-1\n".into() };
    body + "heads = MatMul probabilities v_all\n"
}

/// `k_all` and `v_all`: keys and values of this call behind earlier ones, each for all heads that share it.
fn all_keys(node: &Instance<'_>) -> String {
    let (heads, shared) = (node.int("num_heads", 0), node.int("num_heads", 0) / node.int("kv_num_heads", 1));
    let mut body = String::new();
    for (name, new) in [("k", "k_placed"), ("v", "v_heads")] {
        body += &if node.has(3) {
            format!("present_{name} = Concat past_{name} {new} axis=2\n")
        } else {
            format!("present_{name} = Identity {new}\n")
        };
        body += &format!(
            "{name}_once = Unsqueeze present_{name} axes=[2]
            {name}_tiled = Tile {name}_once [1,1,{shared},1,1]
            {name}_dims = Shape present_{name}
            {name}_tail = Slice {name}_dims [2] [4] [0]
            {name}_all_dims = Concat [0,{heads}] {name}_tail axis=0
            {name}_all = Reshape {name}_tiled {name}_all_dims
            "
        );
    }
    body
}

/// `masked`: `capped` without keys that come after a query, or so far in front of it that they leave its window.
fn hide_keys(node: &Instance<'_>) -> String {
    let mut body = String::from(
        "first = Squeeze before axes=[0]
        behind = Squeeze end axes=[0]
        k_positions = Range 0 behind 1
        q_positions = Range first behind 1
        q_column = Unsqueeze q_positions axes=[1]
        is_past = GreaterOrEqual q_column k_positions
        ",
    );
    body += &match node.int("local_window_size", -1) {
        window if window >= 0 => format!(
            "q_before = Sub q_column {window}
            is_near = Greater k_positions q_before
            is_seen = And is_past is_near
            "
        ),
        _ => "is_seen = Identity is_past\n".into(),
    };
    body + "hidden = CastLike -inf q_placed
        visible = CastLike 0.0 q_placed
        causal_bias = Where is_seen visible hidden
        masked = Add capped causal_bias
        "
}

/// `probabilities` of `biased`: a sink, which is 0 where none is given, takes part in the softmax of its head like a key
/// without a value.
fn softmax_with_sinks(node: &Instance<'_>) -> String {
    let sink = if node.has(11) {
        "sink_like = CastLike sinks q_placed
        sink = Reshape sink_like [1,-1,1,1]
        sink_column = Add sink_zero sink
        "
    } else {
        "sink_column = Identity sink_zero\n"
    };
    format!(
        "rows = Slice scaled [0] [1] [3]
        sink_zero = Mul rows visible
        {sink}with_sink = Concat biased sink_column axis=-1
        with_sink_probabilities = Softmax with_sink axis=-1
        probabilities = Slice with_sink_probabilities [0] [-1] [3]
        "
    )
}

/// `q_heads`, `k_heads` and `v_heads`: heads get an axis of their own, in front of the steps.
fn group_query_heads(node: &Instance<'_>) -> String {
    let (heads, groups) = (node.int("num_heads", 0), node.int("kv_num_heads", 0));
    let mut body = if node.has(1) {
        format!(
            "q_split = Reshape query [0,0,{heads},-1]
            k_split = Reshape key [0,0,{groups},-1]
            v_split = Reshape value [0,0,{groups},-1]
            "
        )
    } else {
        let (keys, values) = (heads, heads.saturating_add(groups));
        let all = values.saturating_add(groups);
        format!(
            "split = Reshape query [0,0,{all},-1]
            q_split = Slice split [0] [{keys}] [2]
            k_split = Slice split [{keys}] [{values}] [2]
            v_split = Slice split [{values}] [{all}] [2]
            "
        )
    };
    for name in ["q", "k", "v"] {
        body += &format!("{name}_heads = Transpose {name}_split perm=[0,2,1,3]\n");
    }
    body
}

/// `{name}_placed`: pairs of the last axis of `{name}_heads` turned by the angles of their steps.
fn rotated(name: &str, is_interleaved: bool) -> String {
    let (shape, axis) = if is_interleaved { ("[0,0,0,-1,2]", 4) } else { ("[0,0,0,2,-1]", 3) };
    format!(
        "{name}_pairs = Reshape {name}_heads {shape}
        {name}_x = Gather {name}_pairs 0 axis={axis}
        {name}_y = Gather {name}_pairs 1 axis={axis}
        {name}_xc = Mul {name}_x cosines
        {name}_ys = Mul {name}_y sines
        {name}_xs = Mul {name}_x sines
        {name}_yc = Mul {name}_y cosines
        {name}_turned_x = Sub {name}_xc {name}_ys
        {name}_turned_y = Add {name}_xs {name}_yc
        {name}_wide_x = Unsqueeze {name}_turned_x axes=[{axis}]
        {name}_wide_y = Unsqueeze {name}_turned_y axes=[{axis}]
        {name}_turned = Concat {name}_wide_x {name}_wide_y axis={axis}
        {name}_placed = Reshape {name}_turned [0,0,0,-1]
        "
    )
}
