//! Attention, written out part by part: heads, the cache of keys and values, the product, masks, softmax.
//!
//! Each part appends text; a part that changes the scores leaves the name of the new ones for the next.

use anyhow::{Context, Result};

use super::Instance;

const HEAD: &str = "q k v mask past_k past_v kv_lengths -> y present_k present_v qk_output\n";

/// The template as far as it is written, and the name of its latest scores.
struct Text {
    body: String,
    scores: &'static str,
}

pub(super) fn attention(node: &Instance<'_>) -> Result<String> {
    let mut text = Text { body: HEAD.into(), scores: "qk" };
    text.split_heads(node);
    text.extend_cache(node);
    text.repeat_heads(node);
    text.multiply(node);
    text.add_mask(node);
    text.hide_keys(node);
    let masked = text.scores;
    text.cap(node);
    text.softmax(node);
    // What `qk_matmul_output_mode` can ask for, by its number.
    let outputs = ["qk", masked, text.scores, "probabilities"];
    let mode = usize::try_from(node.int("qk_matmul_output_mode", 0)).ok();
    let output = mode.and_then(|mode| outputs.get(mode));
    let output = output.context("there is no such mode of the output of the product")?;
    text.body += &format!("qk_output = Identity {output}\n");
    text.body += if node.int("q_num_heads", 0) == 0 {
        "y = MatMul probabilities v_all"
    } else {
        "y_heads = MatMul probabilities v_all
        y_transposed = Transpose y_heads perm=[0,2,1,3]
        y = Reshape y_transposed [0,0,-1]"
    };
    Ok(text.body)
}

/// `capped`: `scores` between -`cap` and `cap`, numbers of the type of `like`.
pub(super) fn capped(scores: &str, cap: f32, like: &str) -> String {
    format!(
        "cap = CastLike {cap:?} {like}
        relative = Div {scores} cap
        relative_capped = Tanh relative
        capped = Mul relative_capped cap
        "
    )
}

impl Text {
    /// Heads that are side by side in the last dimension get a dimension of their own.
    fn split_heads(&mut self, node: &Instance<'_>) {
        let (q_heads, kv_heads) = (node.int("q_num_heads", 0), node.int("kv_num_heads", 0));
        for (name, heads) in [("q", q_heads), ("k", kv_heads), ("v", kv_heads)] {
            self.body += &match heads {
                0 => format!("{name}_heads = Identity {name}\n"),
                _ => format!(
                    "{name}_split = Reshape {name} [0,0,{heads},-1]
                    {name}_heads = Transpose {name}_split perm=[0,2,1,3]
                    "
                ),
            };
        }
    }

    /// Keys and values of earlier calls come in front of those of this one.
    fn extend_cache(&mut self, node: &Instance<'_>) {
        for (name, has_past) in [("k", node.has(4)), ("v", node.has(5))] {
            self.body += &if has_past {
                format!("present_{name} = Concat past_{name} {name}_heads axis=2\n")
            } else {
                format!("present_{name} = Identity {name}_heads\n")
            };
        }
        self.body += "q_shape = Shape q_heads
            q_count = Gather q_shape [1]
            k_shape = Shape present_k
            k_length = Gather k_shape [2]
            ";
    }

    /// Each head of the keys and values serves a group of the queries' heads.
    fn repeat_heads(&mut self, node: &Instance<'_>) {
        let (q_heads, kv_heads) = (node.int("q_num_heads", 0), node.int("kv_num_heads", 0));
        for name in ["k", "v"] {
            self.body += &if q_heads == kv_heads && q_heads > 0 {
                format!("{name}_all = Identity present_{name}\n")
            } else {
                format!(
                    "{name}_dims = Shape present_{name}
                    {name}_count = Gather {name}_dims [1]
                    {name}_group = Div q_count {name}_count
                    {name}_unsqueezed = Unsqueeze present_{name} axes=[2]
                    {name}_repeats = Concat [1,1] {name}_group [1,1] axis=0
                    {name}_tiled = Tile {name}_unsqueezed {name}_repeats
                    {name}_head_dims = Slice {name}_dims [2] [4] [0]
                    {name}_all_dims = Concat [0] q_count {name}_head_dims axis=0
                    {name}_all = Reshape {name}_tiled {name}_all_dims
                    "
                )
            };
        }
    }

    /// Half of the scale goes to each side of the product: with 16-bit floats it stays in range.
    fn multiply(&mut self, node: &Instance<'_>) {
        self.body += &match node.float("scale", 0.0) {
            0.0 => "width = Gather q_shape 3
                width_float = Cast width to=1
                width_root = Sqrt width_float
                scale = Reciprocal width_root
                scale_root_float = Sqrt scale
                "
            .into(),
            scale => format!("scale_root_float = Sqrt {scale:?}\n"),
        };
        self.body += "scale_root = CastLike scale_root_float q
            q_scaled = Mul q_heads scale_root
            k_scaled = Mul k_all scale_root
            k_transposed = Transpose k_scaled perm=[0,1,3,2]
            qk = MatMul q_scaled k_transposed
            hidden = CastLike -inf q
            visible = CastLike 0.0 q
            ";
    }

    /// A mask that is shorter than the keys hides the rest of them.
    fn add_mask(&mut self, node: &Instance<'_>) {
        if !node.has(3) {
            return;
        }
        self.body += "mask_bias = predictql.MaskBias mask
            mask_like = CastLike mask_bias q
            mask_shape = Shape mask
            mask_length = Gather mask_shape [-1]
            mask_padding = Sub k_length mask_length
            mask_pads = Concat [0] mask_padding axis=0
            mask_padded = Pad mask_like mask_pads hidden [-1]
            masked = Add qk mask_padded
            ";
        self.scores = "masked";
    }

    /// Hides the keys that come after a query, and those beyond the number that is filled.
    fn hide_keys(&mut self, node: &Instance<'_>) {
        let (is_causal, has_lengths) = (node.int("is_causal", 0) != 0, node.has(6));
        if is_causal || has_lengths {
            self.body += "k_end = Squeeze k_length axes=[0]\nk_positions = Range 0 k_end 1\n";
        }
        if is_causal {
            self.body += if node.has(4) {
                "past_shape = Shape past_k\npast = Gather past_shape 2\n"
            } else {
                "past = Identity 0\n"
            };
            self.body += &format!(
                "q_length = Gather q_shape 2
                q_end = Add past q_length
                q_positions = Range past q_end 1
                q_column = Unsqueeze q_positions axes=[1]
                is_seen = GreaterOrEqual q_column k_positions
                causal_bias = Where is_seen visible hidden
                causal = Add {} causal_bias
                ",
                self.scores
            );
            self.scores = "causal";
        }
        if has_lengths {
            self.body += &format!(
                "lengths = Unsqueeze kv_lengths axes=[1,2,3]
                is_filled = Less k_positions lengths
                length_bias = Where is_filled visible hidden
                within_length = Add {} length_bias
                ",
                self.scores
            );
            self.scores = "within_length";
        }
    }

    fn cap(&mut self, node: &Instance<'_>) {
        let cap = node.float("softcap", 0.0);
        if cap > 0.0 {
            self.body += &capped(self.scores, cap, "q");
            self.scores = "capped";
        }
    }

    fn softmax(&mut self, node: &Instance<'_>) {
        let scores = self.scores;
        self.body += &match node.int("softmax_precision", 0) {
            0 => format!("probabilities = Softmax {scores} axis=-1\n"),
            element => format!(
                "precise = Cast {scores} to={element}
                precise_probabilities = Softmax precise axis=-1
                probabilities = CastLike precise_probabilities q
                "
            ),
        };
    }
}
