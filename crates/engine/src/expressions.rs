//! Expressions over columns, made ready to be evaluated outside of a query.

use std::sync::Arc;

use datafusion::common::{DFSchema, DFSchemaRef, Result};
use datafusion::execution::SessionState;
use datafusion::logical_expr::Expr;
use datafusion::logical_expr::simplify::SimplifyContext;
use datafusion::optimizer::simplify_expressions::ExprSimplifier;
use datafusion::physical_expr::PhysicalExpr;

use crate::SESSION;

/// Makes expressions over the same columns ready.
pub struct Expressions {
    state: SessionState,
    simplifier: ExprSimplifier,
    columns: DFSchemaRef,
}

impl Expressions {
    pub fn over(columns: DFSchema) -> Self {
        let (state, columns) = (SESSION.state(), Arc::new(columns));
        let context = SimplifyContext::builder().with_schema(columns.clone());
        let context = context.with_config_options(state.config_options().clone()).build();
        Self { state, simplifier: ExprSimplifier::new(context), columns }
    }

    /// The session that they are made ready in.
    pub fn session(&self) -> &SessionState {
        &self.state
    }

    pub fn columns(&self) -> &DFSchemaRef {
        &self.columns
    }

    /// The expression with its types made to fit, and what is constant in it computed.
    pub fn ready(&self, expr: &Expr) -> Result<Arc<dyn PhysicalExpr>> {
        let fitting = self.simplifier.coerce(expr.clone(), &self.columns)?;
        self.state.create_physical_expr(self.simplifier.simplify(fitting)?, &self.columns)
    }
}
