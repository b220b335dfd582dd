//! The query session: DataFusion with our settings and functions.

use std::sync::{Arc, LazyLock};

use datafusion::execution::runtime_env::{RuntimeEnv, RuntimeEnvBuilder};
use datafusion::prelude::{SessionConfig, SessionContext};
use uplift_measures::engine;

use crate::{period_end, sum_once};

/// The session that plans over tables are made in. Nothing is registered in it by name: plans hold the
/// tables that they read.
pub static SESSION: LazyLock<SessionContext> = LazyLock::new(session);

/// Bytes that all queries of a process may hold together; one that needs more fails, and no other.
const MAX_MEMORY: usize = 2 << 30;

static MEMORY: LazyLock<Arc<RuntimeEnv>> = LazyLock::new(|| {
    let limited = RuntimeEnvBuilder::new().with_memory_limit(MAX_MEMORY, 1.0);
    limited.build_arc().expect("a memory pool needs nothing that could be missing")
});

/// A session of its own, for queries that name tables.
pub fn session() -> SessionContext {
    let mut config = SessionConfig::new().with_information_schema(true);
    // One text type for readers: plain strings instead of views.
    config.options_mut().execution.parquet.schema_force_view_types = false;
    config.options_mut().execution.parquet.pushdown_filters = true;
    let session = SessionContext::new_with_config_rt(config, MEMORY.clone());
    engine::aggregate_functions().into_iter().for_each(|f| session.register_udaf(f));
    sum_once::functions().into_iter().for_each(|function| session.register_udaf(function));
    session.register_udf(period_end::function());
    session
}
