/* Many small statements that should go in few round trips, where one that fails
 * must neither hide its name nor take the others along. */
#pragma once

#include "migration/context.h"

G_BEGIN_DECLS

typedef struct
{
  char *object; /* for the report: "foreign key orders_customer_fkey on shop.orders" */
  char *sql;    /* without ';' */
} PgmStatement;

/* For GPtrArray; takes both strings. */
PgmStatement *pgm_statement_new_take (char *object, char *sql);
void pgm_statement_free (PgmStatement *self);
GPtrArray *pgm_statements_new (void);

/* Runs them in their order on @destination (no transaction open), @together in
 * one string and transaction; when that fails, one by one, each in a transaction
 * of its own, and what fails becomes a problem of the report. @n_done: how many
 * succeeded; may be NULL. FALSE only for fatal errors. */
gboolean pgm_statements_run (PgmCloneContext *ctx,
                             PgmConnection *destination,
                             GPtrArray *statements,
                             guint together,
                             guint *n_done,
                             GCancellable *cancellable,
                             GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
