//! What clients, schedulers and executors must be told alike.

use std::sync::Arc;

use ballista_core::extension::SessionConfigExt;
use ballista_core::serde::BallistaPhysicalExtensionCodec;
use datafusion::prelude::SessionConfig;
use datafusion_proto::physical_plan::PhysicalExtensionCodec;
use predictql_datafusion::{FragmentCodec, Jobs};

/// Sessions that read and write fragments; those that are read run over `jobs`.
pub fn session_config(jobs: Arc<Jobs>) -> SessionConfig {
    SessionConfig::new_with_ballista().with_ballista_physical_extension_codec(codec(jobs))
}

/// Ballista's nodes and ours.
pub(crate) fn codec(jobs: Arc<Jobs>) -> Arc<dyn PhysicalExtensionCodec> {
    Arc::new(FragmentCodec::new(jobs, Arc::new(BallistaPhysicalExtensionCodec::default())))
}
