#include "steps.h"

#include <glib/gstdio.h>
#include <string.h>

#include "core/child.h"
#include "migration/analyze.h"
#include "migration/foreign-key.h"
#include "migration/index.h"
#include "migration/large-objects.h"
#include "migration/ledger.h"
#include "migration/matviews.h"
#include "migration/schema.h"
#include "migration/sequences.h"
#include "migration/settings.h"
#include "postgres/copy.h"
#include "postgres/quote.h"
#include "postgres/snapshot.h"

int
pgm_steps_major (void)
{
  const char *major = g_getenv ("PGM_TEST_MAJOR");

  return major != NULL ? (int) g_ascii_strtoll (major, NULL, 10) : 0;
}

static PgmEndpoint *
endpoint_new (PgmTestCluster *cluster, const char *database, const char *user)
{
  PgmEndpoint *endpoint = pgm_record_new (&pgm_endpoint_type);

  endpoint->uri = g_strdup (pgm_test_cluster_get_uri (cluster, database));
  endpoint->user = g_strdup (user);
  return endpoint;
}

static PgmConnection *
connect_end (PgmSteps *self, PgmEnd end, const char *role)
{
  g_autoptr (GError) error = NULL;
  PgmConnection *connection = pgm_ends_connect (self->ctx.ends, end, role, NULL, &error);

  g_assert_no_error (error);
  return connection;
}

static void
open_ends (PgmSteps *self)
{
  g_autoptr (GError) error = NULL;
  PgmCloneContext *ctx = &self->ctx;
  int major;

  ctx->ends = pgm_ends_open (self->spec, NULL, &error);
  g_assert_no_error (error);
  self->keeper = connect_end (self, PGM_END_SOURCE, "keeper");
  self->source = connect_end (self, PGM_END_SOURCE, "watch");
  self->destination = connect_end (self, PGM_END_DESTINATION, "control");
  ctx->snapshot = pgm_snapshot_export (self->keeper, NULL, NULL, &error);
  g_assert_no_error (error);
  ctx->catalog = pgm_catalog_read (self->keeper, NULL, &error);
  g_assert_no_error (error);
  pgm_filter_apply (ctx->filter, ctx->catalog);
  major = MAX (ctx->ends->source->major, ctx->ends->destination->major);
  ctx->pg_dump = pgm_tool_find ("pg_dump", ctx->options->bindir, major, major, NULL, &error);
  g_assert_no_error (error);
  ctx->pg_restore = pgm_tool_find ("pg_restore", ctx->options->bindir, major, major, NULL, &error);
  g_assert_no_error (error);
}

static PgmSteps *
steps_new (PgmTestCluster *source,
           const char *source_database,
           const char *source_user,
           PgmTestCluster *destination,
           const char *destination_database,
           const char *destination_user,
           const char *include)
{
  g_autoptr (GError) error = NULL;
  PgmSteps *self = g_new0 (PgmSteps, 1);
  PgmCloneContext *ctx = &self->ctx;
  gboolean source_is_newer =
      pgm_test_cluster_get_major (source) > pgm_test_cluster_get_major (destination);

  self->spec = pgm_record_new (&pgm_job_spec_type);
  self->spec->source = endpoint_new (source, source_database, source_user);
  self->spec->destination = endpoint_new (destination, destination_database, destination_user);
  self->spec->clone = pgm_record_new (&pgm_clone_options_type);
  self->spec->clone->include = include != NULL ? g_strsplit (include, ",", -1) : NULL;
  self->spec->clone->bindir =
      g_strdup (pgm_test_cluster_get_bindir (source_is_newer ? source : destination));
  ctx->spec = self->spec;
  ctx->options = self->spec->clone;
  ctx->progress = pgm_progress_new ("steps", "clone", NULL);
  ctx->filter = pgm_filter_new ((const char *const *) ctx->options->include, NULL, &error);
  g_assert_no_error (error);
  ctx->report = pgm_record_new (&pgm_report_type);
  ctx->copy_workers = ctx->index_workers = 2;
  g_mutex_init (&ctx->report_lock);
  ctx->scratch = pgm_scratch_new (&error);
  g_assert_no_error (error);
  ctx->directory = pgm_scratch_get_path (ctx->scratch);
  ctx->archive = g_build_filename (ctx->directory, "schema.dump", NULL);
  open_ends (self);
  return self;
}

PgmSteps *
pgm_steps_new (PgmTestCluster *source,
               const char *source_database,
               PgmTestCluster *destination,
               const char *destination_database,
               const char *include)
{
  return steps_new (source, source_database, NULL, destination, destination_database, NULL,
                    include);
}

PgmSteps *
pgm_steps_new_as (PgmTestCluster *source,
                  const char *source_database,
                  const char *source_user,
                  PgmTestCluster *destination,
                  const char *destination_database,
                  const char *include)
{
  return steps_new (source, source_database, source_user, destination, destination_database, NULL,
                    include);
}

PgmSteps *
pgm_steps_new_to (PgmTestCluster *source,
                  const char *source_database,
                  PgmTestCluster *destination,
                  const char *destination_database,
                  const char *destination_user)
{
  return steps_new (source, source_database, NULL, destination, destination_database,
                    destination_user, NULL);
}

void
pgm_steps_free (PgmSteps *self)
{
  PgmCloneContext *ctx = &self->ctx;

  pgm_connection_free (self->keeper);
  pgm_connection_free (self->source);
  pgm_connection_free (self->destination);
  pgm_catalog_free (ctx->catalog);
  pgm_ends_free (ctx->ends);
  pgm_filter_free (ctx->filter);
  pgm_tool_free (ctx->pg_dump);
  pgm_tool_free (ctx->pg_restore);
  pgm_progress_unref (ctx->progress);
  pgm_record_unref (ctx->report);
  pgm_record_unref (self->spec);
  pgm_scratch_free (ctx->scratch);
  g_free (ctx->archive);
  g_free (ctx->snapshot);
  g_mutex_clear (&ctx->report_lock);
  g_free (self);
}

void
pgm_steps_restore_schema (PgmSteps *self)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (pgm_schema_dump (&self->ctx, NULL, &error) || error != NULL);
  g_assert_no_error (error);
  g_assert_true (pgm_connection_exec (self->destination, "BEGIN", NULL, NULL));
  if (!pgm_schema_restore_pre_data (&self->ctx, self->destination, NULL, NULL, &error))
    g_assert_no_error (error);
  g_assert_true (pgm_connection_exec (self->destination, "COMMIT", NULL, NULL));
}

static char *
column_list (const PgmTable *table)
{
  GString *list = g_string_new (NULL);

  for (guint i = 0; i < table->columns->len; i++)
    {
      PgmColumn *column = g_ptr_array_index (table->columns, i);

      if (column->generated)
        continue;
      g_string_append (list, list->len > 0 ? ", " : "");
      pgm_quote_append_identifier (list, column->name);
    }
  return g_string_free (list, FALSE);
}

static void
copy_table (PgmSteps *self, const PgmTable *table)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *name = pgm_quote_qualified (table->schema, table->name);
  g_autofree char *columns = column_list (table);
  g_autofree char *to = g_strdup_printf ("COPY (SELECT %s FROM ONLY %s) TO STDOUT", columns, name);
  g_autofree char *from = g_strdup_printf ("COPY %s (%s) FROM STDIN", name, columns);

  if (*columns == '\0')
    return;
  if (!pgm_copy_pump (self->keeper, to, self->destination, from, NULL, NULL, NULL, &error))
    g_assert_no_error (error);
}

void
pgm_steps_copy_rows (PgmSteps *self)
{
  GPtrArray *tables = self->ctx.catalog->tables;

  for (guint i = 0; i < tables->len; i++)
    if (((PgmTable *) g_ptr_array_index (tables, i))->kind == 'r')
      copy_table (self, g_ptr_array_index (tables, i));
}

void
pgm_steps_build_indexes (PgmSteps *self)
{
  g_autoptr (GError) error = NULL;
  GPtrArray *tables = self->ctx.catalog->tables;
  g_autoptr (PgmIndexPool) pool = pgm_index_pool_new (&self->ctx, 2, 0, NULL, &error);

  g_assert_no_error (error);
  for (guint i = 0; i < tables->len; i++)
    pgm_index_pool_add_table (pool, g_ptr_array_index (tables, i));
  if (!pgm_index_pool_finish (pool, NULL, &error))
    g_assert_no_error (error);
}

void
pgm_steps_make_ledger (PgmSteps *self)
{
  g_autoptr (GError) error = NULL;
  gboolean ok = pgm_ledger_create (self->destination, "steps", 0, "steps", "", NULL, &error);

  g_assert_no_error (error);
  g_assert_true (ok);
}

void
pgm_steps_run_rest (PgmSteps *self)
{
  g_autoptr (GError) error = NULL;
  PgmCloneContext *ctx = &self->ctx;
  gboolean ok;

  pgm_steps_make_ledger (self);
  ok = pgm_foreign_keys_restore (ctx, 2, NULL, &error) &&
       pgm_schema_restore_post_data (ctx, self->destination, NULL, &error) &&
       pgm_sequences_copy (ctx, self->source, self->destination, NULL, &error) &&
       pgm_large_objects_copy (ctx, 2, NULL, &error) &&
       pgm_matviews_refresh (ctx, self->source, self->destination, NULL, &error) &&
       pgm_settings_copy (ctx, self->source, self->destination, NULL, &error) &&
       pgm_analyze_run (ctx, 2, NULL, &error) &&
       pgm_schema_restore_event_triggers (ctx, self->destination, NULL, &error) &&
       pgm_ledger_drop (self->destination, NULL, &error);

  g_assert_no_error (error);
  g_assert_true (ok);
}

void
pgm_steps_run_all (PgmSteps *self)
{
  pgm_steps_restore_schema (self);
  pgm_steps_copy_rows (self);
  pgm_steps_build_indexes (self);
  pgm_steps_run_rest (self);
}

const PgmProblem *
pgm_steps_find_problem (PgmSteps *self, const char *object)
{
  GPtrArray *problems = self->ctx.report->problems;

  for (guint i = 0; i < problems->len; i++)
    {
      const PgmProblem *problem = g_ptr_array_index (problems, i);

      if (strstr (problem->object, object) != NULL)
        return problem;
    }
  return NULL;
}

void
pgm_steps_assert_problems (PgmSteps *self, guint n)
{
  GPtrArray *problems = self->ctx.report->problems;

  for (guint i = 0; i < problems->len; i++)
    {
      const PgmProblem *problem = g_ptr_array_index (problems, i);

      g_test_message ("%s: %s\n%s", problem->object, problem->reason, problem->sql);
    }
  g_assert_cmpuint (problems->len, ==, n);
}

char *
pgm_steps_dump (PgmTestCluster *cluster, const char *database)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *program =
      g_build_filename (pgm_test_cluster_get_bindir (cluster), "pg_dump", NULL);
  const char *argv[] = { program, "--schema-only", "-d",
                         pgm_test_cluster_get_uri (cluster, database), NULL };
  g_autoptr (PgmChildResult) result =
      pgm_child_run (argv, NULL, NULL, -1, -1, PGM_CHILD_KEEP_OUTPUT, NULL, &error);
  g_auto (GStrv) lines = NULL;
  g_autofree char *text = NULL;
  GString *kept = g_string_new (NULL);
  gsize size = 0;
  const char *data;

  g_assert_no_error (error);
  g_assert_cmpint (result->status, ==, 0);
  data = g_bytes_get_data (result->output, &size);
  text = g_strndup (data, size);
  lines = g_strsplit (text, "\n", -1);
  for (char **line = lines; *line != NULL; line++)
    if (**line != '\0' && !g_str_has_prefix (*line, "--") && **line != '\\')
      g_string_append_printf (kept, "%s\n", *line);
  return g_string_free (kept, FALSE);
}

void
pgm_steps_assert_same (const char *one, const char *other)
{
  g_auto (GStrv) lines = g_strsplit (one, "\n", -1);
  g_auto (GStrv) others = g_strsplit (other, "\n", -1);

  for (guint i = 0; lines[i] != NULL && others[i] != NULL; i++)
    if (!g_str_equal (lines[i], others[i]))
      {
        for (guint j = i; j < i + 12 && lines[j] != NULL; j++)
          g_test_message ("< %s", lines[j]);
        for (guint j = i; j < i + 12 && others[j] != NULL; j++)
          g_test_message ("> %s", others[j]);
        g_assert_cmpstr (lines[i], ==, others[i]);
      }
  g_assert_cmpstr (one, ==, other);
}
