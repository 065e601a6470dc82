#include "migration/apply-target.h"

#include "migration/apply-session.h"
#include "migration/apply-sql.h"
#include "migration/apply-write.h"
#include "migration/routing.h"

/* Each holds a plan in the memory of the server's process. */
#define PREPARED_MAX 1000u

/* The writing thread's session, and one for the folding thread to look tables up
 * in at the same time. */
typedef struct
{
  PgmApplyTarget parent;
  PgmEnds *ends;
  PgmEnd end;
  char *origin;
  GCancellable *cancellable;
  PgmApplySession *session;
  PgmApplyWriter *writer;
  PgmConnection *catalog;
  GHashTable *roots;
  GPtrArray *tables; /* PgmApplyTable */
  gboolean saved;
} Server;

static gboolean
server_start (PgmApplyTarget *target, PgmLsn *progress, GCancellable *cancellable, GError **error)
{
  Server *self = (Server *) target;
  PgmConnection *connection = pgm_ends_connect (self->ends, self->end, "apply", cancellable, error);

  if (connection == NULL)
    return FALSE;
  self->cancellable = cancellable;
  self->session = pgm_apply_session_new_take (connection, self->origin, self->ends->job_id,
                                              progress, cancellable, error);
  if (self->session == NULL)
    return FALSE;
  self->writer = pgm_apply_writer_new (connection, self->session->pipeline, cancellable);
  self->catalog = pgm_ends_connect (self->ends, self->end, "apply catalog", cancellable, error);
  if (self->catalog == NULL)
    return FALSE;
  self->roots = pgm_routing_read (self->catalog, cancellable, error);
  return self->roots != NULL;
}

static PgmFoldTable *
server_describe (PgmApplyTarget *target, PgmRelation *relation, GError **error)
{
  Server *self = (Server *) target;
  PgmApplyTable *table = pgm_apply_table_read (self->catalog, relation, self->roots,
                                               self->tables->len, self->cancellable, error);

  if (table == NULL)
    return NULL;
  g_ptr_array_add (self->tables, table);
  return &table->fold;
}

static gboolean
server_begin (PgmApplyTarget *target, GError **error)
{
  Server *self = (Server *) target;

  self->saved = FALSE;
  if (pgm_pipeline_get_n_prepared (self->session->pipeline) > PREPARED_MAX &&
      !pgm_pipeline_forget (self->session->pipeline, error))
    return FALSE;
  return pgm_apply_session_begin (self->session, error);
}

static gboolean
server_write (PgmApplyTarget *target, const PgmFoldStep *step, GError **error)
{
  Server *self = (Server *) target;

  return pgm_apply_writer_write (self->writer, step, error);
}

static gboolean
server_check (PgmApplyTarget *target, GError **error)
{
  Server *self = (Server *) target;

  return pgm_apply_session_check (self->session, error);
}

static const PgmFoldChange *
server_culprit (PgmApplyTarget *target)
{
  Server *self = (Server *) target;

  return pgm_pipeline_get_failure (self->session->pipeline)->tag;
}

static gboolean
server_commit (PgmApplyTarget *target, PgmLsn end_lsn, gint64 commit_time, GError **error)
{
  Server *self = (Server *) target;

  return pgm_apply_session_commit (self->session, end_lsn, commit_time, error);
}

static gboolean
server_rollback (PgmApplyTarget *target, GError **error)
{
  Server *self = (Server *) target;

  return pgm_apply_session_rollback (self->session, error);
}

static gboolean
server_save (PgmApplyTarget *target, GError **error)
{
  Server *self = (Server *) target;

  if (!pgm_pipeline_sync (self->session->pipeline, error) ||
      !pgm_connection_exec (self->session->connection,
                            self->saved ? "RELEASE SAVEPOINT pgmanager; SAVEPOINT pgmanager"
                                        : "SAVEPOINT pgmanager",
                            self->cancellable, error))
    return FALSE;
  self->saved = TRUE;
  return TRUE;
}

static gboolean
server_restore (PgmApplyTarget *target, GError **error)
{
  Server *self = (Server *) target;
  g_autoptr (GError) known = NULL;

  if (!pgm_pipeline_sync (self->session->pipeline, &known) &&
      (pgm_connection_is_lost (self->session->connection) || pgm_error_is_cancelled (known)))
    {
      g_propagate_error (error, g_steal_pointer (&known));
      return FALSE;
    }
  return pgm_connection_exec (self->session->connection, "ROLLBACK TO SAVEPOINT pgmanager",
                              self->cancellable, error);
}

static gboolean
server_flush (PgmApplyTarget *target, PgmLsn *durable, GError **error)
{
  Server *self = (Server *) target;

  return pgm_apply_session_flush (self->session, durable, error);
}

/* The row that is there now; NULL when there is none, or none can be asked for. */
static char *
find_row (Server *self, const PgmApplyTable *table, const PgmTuple *key)
{
  g_autofree char *sql = pgm_apply_sql_find (table);
  g_autoptr (GPtrArray) values = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (PgmResult) row = NULL;

  for (guint i = 0; i < table->n_columns; i++)
    {
      const PgmValue *value = &key->values[i];
      if (!table->columns[i].key && (!table->full || table->columns[i].skipped))
        continue;
      g_ptr_array_add (values, value->data != NULL ? g_strndup (value->data, value->size) : NULL);
    }
  if (values->len == 0)
    return NULL;
  row = pgm_connection_query (self->session->connection, sql, values->len,
                              (const char *const *) values->pdata, self->cancellable, NULL);
  if (row == NULL || pgm_result_get_rows (row) == 0)
    return NULL;
  return g_strdup (pgm_result_get (row, 0, 0));
}

static const char *
verb (const PgmChange *change)
{
  if (change->kind == PGM_CHANGE_INSERT)
    return "inserted";
  return change->kind == PGM_CHANGE_UPDATE ? "updated" : "deleted";
}

static char *
describe_conflict (Server *self,
                   const PgmApplyTable *table,
                   const PgmChange *change,
                   const GError *reason)
{
  const PgmTuple *key = change->row.old != NULL ? change->row.old : change->row.new;
  g_autoptr (GString) text = g_string_new ("Key: ");
  g_autofree char *key_text = pgm_apply_key_text (table, key);
  g_autofree char *there = find_row (self, table, key);

  g_string_append_printf (text, "%s.\n", key_text);
  if (change->row.new != NULL)
    {
      g_autofree char *row = pgm_apply_row_text (table, change->row.new);
      g_string_append_printf (text, "Row of the source: %s.\n", row);
    }
  g_string_append_printf (text, "Row of the destination: %s.\n", there != NULL ? there : "none");
  if (g_strcmp0 (pgm_error_get_sqlstate (reason), PGM_PIPELINE_MISCOUNT) != 0)
    g_string_append_printf (text, "Reason: %s.\n", reason->message);
  if (pgm_error_get_detail (reason) != NULL &&
      g_strcmp0 (pgm_error_get_sqlstate (reason), PGM_PIPELINE_MISCOUNT) != 0)
    g_string_append_printf (text, "%s\n", pgm_error_get_detail (reason));
  g_string_append (text, table->schemas);
  return g_string_free (g_steal_pointer (&text), FALSE);
}

static void
server_explain (PgmApplyTarget *target, const PgmFoldChange *change, GError **error)
{
  Server *self = (Server *) target;
  const PgmApplyTable *table = (const PgmApplyTable *) change->table;
  g_autofree char *detail = NULL;
  g_autofree char *state = NULL;

  if (table == NULL || error == NULL || *error == NULL)
    return;
  detail = describe_conflict (self, table, change->change, *error);
  state = g_strdup (pgm_error_get_sqlstate (*error));
  g_clear_error (error);
  pgm_error_set_full (
      error, PGM_ERROR_FAILED, state, detail,
      "Somebody else has changed the destination, or the schemas differ. Make the row what the"
      " source had before, then start again; nothing has been lost.",
      "destination: a row of table \"%s\".\"%s\" can't be %s as it was on the source",
      table->relation->schema, table->relation->name, verb (change->change));
}

static void
free_table (gpointer data)
{
  pgm_apply_table_free (data);
}

static void
server_free (PgmApplyTarget *target)
{
  Server *self = (Server *) target;

  pgm_apply_writer_free (self->writer);
  pgm_apply_session_free (self->session);
  pgm_connection_free (self->catalog);
  g_ptr_array_unref (self->tables);
  g_clear_pointer (&self->roots, g_hash_table_unref);
  g_free (self->origin);
  g_free (self);
}

static const PgmApplyTargetClass server_class = {
  .start = server_start,
  .describe = server_describe,
  .begin = server_begin,
  .write = server_write,
  .check = server_check,
  .culprit = server_culprit,
  .commit = server_commit,
  .rollback = server_rollback,
  .save = server_save,
  .restore = server_restore,
  .flush = server_flush,
  .explain = server_explain,
  .free = server_free,
};

PgmApplyTarget *
pgm_apply_server_new (const PgmApplierOptions *options)
{
  Server *self = g_new0 (Server, 1);

  self->parent.class = &server_class;
  self->ends = options->ends;
  self->end = options->reverse ? PGM_END_SOURCE : PGM_END_DESTINATION;
  self->origin = g_strdup (options->origin);
  self->tables = g_ptr_array_new_with_free_func (free_table);
  return &self->parent;
}
