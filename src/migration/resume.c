#include "migration/resume.h"

#include "migration/crew.h"
#include "migration/digest.h"
#include "migration/keeper.h"
#include "migration/triggers.h"
#include "postgres/quote.h"

/* One table's decision. */
typedef struct
{
  PgmPlanEntry *entry;
  gboolean keep;
  gboolean blocked; /* its lock wasn't to be had: left to the keeper's session */
} ResumeTable;

typedef struct
{
  gboolean md5;
  gboolean to_utf8;
  guint done; /* atomic */
  guint total;
} DigestRun;

static gboolean
refuse (GError **error, const char *what, const char *then, const char *now)
{
  g_autofree char *detail = g_strdup_printf ("It was begun with “%s”; now it is “%s”.", then, now);

  pgm_error_set_full (
      error, PGM_ERROR_REFUSED, NULL, detail,
      "Give the same source and options as then, or start anew with --drop-existing.",
      "the unfinished clone on the destination has another %s", what);
  return FALSE;
}

gboolean
pgm_resume_check (const PgmCloneContext *ctx, const PgmLedger *ledger, GError **error)
{
  const PgmServerInfo *source = ctx->ends->source;
  g_autofree char *options = pgm_ledger_describe_options (ctx->options);

  if (ledger == NULL)
    {
      pgm_error_set_full (
          error, PGM_ERROR_NOT_FOUND, NULL,
          "The clone was never begun there, was stopped before it changed anything, or is complete.",
          "Start it without --resume.", "there is no unfinished clone on the destination");
      return FALSE;
    }
  if (ledger->system_identifier != source->identity.system_identifier)
    {
      g_autofree char *then = g_strdup_printf ("%" G_GUINT64_FORMAT, ledger->system_identifier);
      g_autofree char *now =
          g_strdup_printf ("%" G_GUINT64_FORMAT, source->identity.system_identifier);

      return refuse (error, "source server (system identifier)", then, now);
    }
  if (!g_str_equal (ledger->database, source->database))
    return refuse (error, "source database", ledger->database, source->database);
  if (!g_str_equal (ledger->options, options))
    return refuse (error, "set of options", ledger->options, options);
  return TRUE;
}

gboolean
pgm_resume_check_schema (const PgmLedger *ledger, const char *fingerprint, GError **error)
{
  if (ledger->fingerprint == NULL || g_strcmp0 (ledger->fingerprint, fingerprint) == 0)
    return TRUE;
  pgm_error_set_full (
      error, PGM_ERROR_REFUSED, NULL,
      "Tables, types or functions were created, altered or dropped there since the clone began.",
      "Start anew with --drop-existing.",
      "the schema of the source is no longer what was restored on the destination");
  return FALSE;
}

/* Generated columns follow from the others. */
static GPtrArray *
copied_columns (const PgmTable *table)
{
  GPtrArray *names = g_ptr_array_new_with_free_func (g_free);

  for (guint i = 0; i < table->columns->len; i++)
    {
      const PgmColumn *column = g_ptr_array_index (table->columns, i);

      if (!column->generated)
        g_ptr_array_add (names, g_strdup (column->name));
    }
  return names;
}

static void
count_kept (PgmCloneContext *ctx, const PgmPlanEntry *entry, guint64 rows)
{
  PgmCounters *counters = pgm_progress_get_counters (ctx->progress, entry->progress);

  __atomic_store_n (&counters->rows, rows, __ATOMIC_RELAXED);
  pgm_progress_table_status (ctx->progress, entry->progress, PGM_TABLE_COPIED);
  pgm_clone_context_count (ctx, &ctx->report->tables, 1);
  pgm_clone_context_count (ctx, &ctx->report->rows, rows);
}

static gboolean
read_digests (PgmCrewMember *member,
              const PgmPlanEntry *entry,
              PgmDigest *theirs,
              PgmDigest *ours,
              GCancellable *cancellable,
              GError **error)
{
  DigestRun *run = member->data;
  g_autoptr (GPtrArray) columns = copied_columns (entry->table);

  return pgm_digest_read (member->source, entry->table, columns, entry->condition, run->md5,
                          run->to_utf8, theirs, cancellable, error) &&
         pgm_digest_read (member->destination, entry->table, columns, entry->condition, run->md5,
                          run->to_utf8, ours, cancellable, error);
}

/* A row whose text passes 1 GB has no digest, but can be copied: what can't be
 * proved equal isn't kept. The savepoint keeps snapshot and locks. */
static gboolean
try_digests (PgmCrewMember *member,
             const PgmPlanEntry *entry,
             PgmDigest *theirs,
             PgmDigest *ours,
             gboolean *have,
             GCancellable *cancellable,
             GError **error)
{
  g_autoptr (GError) local = NULL;

  if (!pgm_connection_exec (member->source, "SAVEPOINT digest", cancellable, error))
    return FALSE;
  *have = read_digests (member, entry, theirs, ours, cancellable, &local);
  if (local != NULL &&
      (pgm_clone_error_is_fatal (local) || pgm_connection_is_lost (member->source) ||
       pgm_connection_is_lost (member->destination)))
    {
      g_propagate_error (error, g_steal_pointer (&local));
      return FALSE;
    }
  if (local != NULL)
    pgm_progress_event (member->ctx->progress, "resume",
                        "%s.%s can't be digested and is copied again: %s", entry->table->schema,
                        entry->table->name, local->message);
  return pgm_connection_exec (
      member->source, "ROLLBACK TO SAVEPOINT digest; RELEASE SAVEPOINT digest", cancellable, error);
}

static gboolean
digest_table (PgmCrewMember *member, ResumeTable *table, GCancellable *cancellable, GError **error)
{
  DigestRun *run = member->data;
  const PgmPlanEntry *entry = table->entry;
  g_auto (PgmDigest) ours = { 0 };
  g_auto (PgmDigest) theirs = { 0 };
  gboolean have = FALSE;

  if (!try_digests (member, entry, &theirs, &ours, &have, cancellable, error))
    return FALSE;
  table->keep = have && pgm_digest_equal (&ours, &theirs);
  if (table->keep)
    count_kept (member->ctx, entry, (guint64) theirs.rows);
  else if (have)
    pgm_progress_event (member->ctx->progress, "resume",
                        "%s.%s differs from the source and is copied again", entry->table->schema,
                        entry->table->name);
  pgm_progress_set_units (member->ctx->progress,
                          __atomic_add_fetch (&run->done, 1, __ATOMIC_RELAXED), run->total);
  return TRUE;
}

/* A task of the crew. */
static gboolean
try_digest (PgmCrewMember *member, gpointer task, GCancellable *cancellable, GError **error)
{
  ResumeTable *table = task;
  g_autoptr (GPtrArray) tables = g_ptr_array_new ();
  PgmTable *member_table = NULL;
  gboolean locked = FALSE;

  for (guint i = 0; (member_table = pgm_plan_entry_get_table (table->entry, i)) != NULL; i++)
    g_ptr_array_add (tables, member_table);
  if (table->entry->leaves != NULL)
    g_ptr_array_add (tables, table->entry->table);
  if (!pgm_keeper_try_lock (member->source, tables, &locked, cancellable, error))
    return FALSE;
  table->blocked = !locked;
  return !locked || digest_table (member, table, cancellable, error);
}

static gboolean
digest_tables (PgmCloneContext *ctx,
               GPtrArray *complete,
               PgmConnection *keeper,
               PgmConnection *control,
               GCancellable *cancellable,
               GError **error)
{
  PgmCrewOptions options = { .role = "digest", .workers = ctx->copy_workers, .source = TRUE };
  DigestRun run = {
    .md5 = pgm_digest_needs_md5 (ctx->ends->source->major, ctx->ends->destination->major),
    .to_utf8 =
        pgm_digest_needs_utf8 (ctx->ends->source->encoding, ctx->ends->destination->encoding),
    .total = complete->len,
  };
  PgmCrewMember here = { ctx, keeper, control, &run };

  if (complete->len == 0)
    return TRUE;
  pgm_progress_set_activity (ctx->progress, "comparing %u tables that were copied before",
                             complete->len);
  if (!pgm_crew_run (ctx, &options, complete, try_digest, &run, cancellable, error))
    return FALSE;
  for (guint i = 0; i < complete->len; i++)
    {
      ResumeTable *table = g_ptr_array_index (complete, i);

      if (table->blocked && !digest_table (&here, table, cancellable, error))
        return FALSE;
    }
  return TRUE;
}

static void
append_regclass (GString *list, const PgmTable *table)
{
  g_autofree char *name = pgm_quote_qualified (table->schema, table->name);

  g_string_append (list, list->len > 0 ? ", " : "");
  pgm_quote_append_literal (list, name);
  g_string_append (list, "::regclass");
}

static char *
list_regclasses (GPtrArray *entries)
{
  g_autoptr (GString) list = g_string_new (NULL);

  for (guint i = 0; i < entries->len; i++)
    {
      const PgmPlanEntry *entry = g_ptr_array_index (entries, i);

      append_regclass (list, entry->table);
      for (guint k = 0; entry->leaves != NULL && k < entry->leaves->len; k++)
        append_regclass (list, g_ptr_array_index (entry->leaves, k));
    }
  return g_string_free (g_steal_pointer (&list), FALSE);
}

/* Constraints of partitions come and go with those of their parents. */
static gboolean
drop_foreign_keys (PgmConnection *control,
                   GPtrArray *entries,
                   GCancellable *cancellable,
                   GError **error)
{
  g_autofree char *tables = list_regclasses (entries);
  g_autofree char *sql = g_strdup_printf (
      "WITH RECURSIVE up (oid, parent) AS ("
      "  SELECT oid, conparentid FROM pg_constraint"
      "   WHERE contype = 'f' AND (conrelid = ANY (ARRAY[%s]::regclass[]) OR confrelid = ANY (ARRAY[%s]::regclass[]))"
      "  UNION SELECT c.oid, c.conparentid FROM up JOIN pg_constraint c ON c.oid = up.parent)"
      " SELECT format('ALTER TABLE %%s DROP CONSTRAINT %%I', c.conrelid::regclass, c.conname)"
      "   FROM pg_constraint c WHERE c.oid IN (SELECT oid FROM up WHERE parent = 0)",
      tables, tables);
  g_autoptr (PgmResult) rows = pgm_connection_query (control, sql, 0, NULL, cancellable, error);

  if (rows == NULL)
    return FALSE;
  for (guint row = 0; row < pgm_result_get_rows (rows); row++)
    if (!pgm_connection_exec (control, pgm_result_get_or (rows, row, 0, ""), cancellable, error))
      return FALSE;
  return TRUE;
}

/* Entries that foreign keys of other tables refer to; TRUNCATE refuses those. */
static GHashTable *
find_referenced (PgmConnection *control,
                 GPtrArray *entries,
                 GCancellable *cancellable,
                 GError **error)
{
  g_autoptr (GString) sql = g_string_new ("SELECT v.i FROM (VALUES ");
  g_autoptr (PgmResult) rows = NULL;
  GHashTable *referenced = NULL;

  for (guint i = 0; i < entries->len; i++)
    {
      const PgmPlanEntry *entry = g_ptr_array_index (entries, i);
      g_autofree char *name = pgm_quote_qualified (entry->table->schema, entry->table->name);

      g_string_append_printf (sql, "%s(%u, ", i > 0 ? ", " : "", i);
      pgm_quote_append_literal (sql, name);
      g_string_append (sql, "::regclass)");
    }
  g_string_append (sql, ") v(i, t) WHERE EXISTS (SELECT FROM pg_constraint c"
                        " WHERE c.contype = 'f' AND c.confrelid = v.t AND c.conrelid <> v.t)");
  rows = pgm_connection_query (control, sql->str, 0, NULL, cancellable, error);
  if (rows == NULL)
    return NULL;
  referenced = g_hash_table_new (NULL, NULL);
  for (guint row = 0; row < pgm_result_get_rows (rows); row++)
    g_hash_table_add (referenced,
                      g_ptr_array_index (entries, (guint) pgm_result_get_int64 (rows, row, 0)));
  return referenced;
}

/* DELETE where rows belong to an extension, or where foreign keys that aren't
 * ours refer to the table (their triggers sleep meanwhile). */
static void
append_emptying (GString *sql, const PgmPlanEntry *entry, GHashTable *referenced)
{
  g_autofree char *from = pgm_plan_entry_from (entry);

  if (entry->table->extension == NULL && !g_hash_table_contains (referenced, entry))
    g_string_append_printf (sql, "TRUNCATE %s;", from);
  else
    g_string_append_printf (sql, "DELETE FROM %s WHERE %s;", from,
                            entry->condition != NULL ? entry->condition : "true");
  g_string_append (sql, "DELETE FROM pgmanager.clone_part WHERE (table_schema, table_name) = (");
  pgm_quote_append_literal (sql, entry->table->schema);
  g_string_append (sql, ", ");
  pgm_quote_append_literal (sql, entry->table->name);
  g_string_append (sql, ");");
}

/* Foreign keys of our making go, others are kept from checking. */
static gboolean
disarm_foreign_keys (PgmCloneContext *ctx,
                     GPtrArray *entries,
                     PgmConnection *control,
                     GCancellable *cancellable,
                     GError **error)
{
  gboolean have = FALSE;

  if (!ctx->options->data_only)
    return drop_foreign_keys (control, entries, cancellable, error);
  return pgm_triggers_have_foreign_keys (control, &have, cancellable, error) &&
         (!have || pgm_connection_exec (control, "SET LOCAL session_replication_role = replica",
                                        cancellable, error));
}

static gboolean
empty_tables (PgmCloneContext *ctx,
              GPtrArray *entries,
              PgmConnection *control,
              GCancellable *cancellable,
              GError **error)
{
  g_autoptr (GString) sql = g_string_new (NULL);
  g_autoptr (GHashTable) referenced = NULL;

  if (entries->len == 0)
    return TRUE;
  pgm_progress_set_activity (ctx->progress, "emptying what is copied again (tables: %u)",
                             entries->len);
  if (!pgm_connection_exec (control, "BEGIN", cancellable, error) ||
      !disarm_foreign_keys (ctx, entries, control, cancellable, error) ||
      !pgm_triggers_suspend (control, entries, cancellable, error))
    return FALSE;
  referenced = find_referenced (control, entries, cancellable, error);
  if (referenced == NULL)
    return FALSE;
  for (guint i = 0; i < entries->len; i++)
    append_emptying (sql, g_ptr_array_index (entries, i), referenced);
  g_string_append (sql, "COMMIT");
  return pgm_connection_exec (control, sql->str, cancellable, error);
}

static gboolean
is_queued (const PgmPlanEntry *entry, gpointer kept)
{
  return !g_hash_table_contains (kept, entry);
}

/* A table of which nothing is there needs no emptying, but its triggers may be
 * there already and would fire. */
static gboolean
suspend_for_new (PgmConnection *control,
                 GPtrArray *entries,
                 GCancellable *cancellable,
                 GError **error)
{
  return pgm_connection_exec (control, "BEGIN", cancellable, error) &&
         pgm_triggers_suspend (control, entries, cancellable, error) &&
         pgm_connection_exec (control, "COMMIT", cancellable, error);
}

static void
keep_tables (PgmCloneContext *ctx, GPtrArray *complete)
{
  for (guint i = 0; i < complete->len; i++)
    {
      ResumeTable *table = g_ptr_array_index (complete, i);

      table->keep = TRUE;
      count_kept (ctx, table->entry, 0);
    }
}

gboolean
pgm_resume_prepare (PgmCloneContext *ctx,
                    const PgmLedger *ledger,
                    PgmPlan *plan,
                    PgmConnection *keeper,
                    PgmConnection *control,
                    GPtrArray *kept,
                    GCancellable *cancellable,
                    GError **error)
{
  g_autoptr (GPtrArray) complete = g_ptr_array_new_with_free_func (g_free); /* ResumeTable */
  g_autoptr (GPtrArray) again = g_ptr_array_new ();
  g_autoptr (GPtrArray) fresh = g_ptr_array_new ();
  g_autoptr (GHashTable) kept_set = g_hash_table_new (NULL, NULL);

  for (guint i = 0; i < plan->entries->len; i++)
    {
      PgmPlanEntry *entry = g_ptr_array_index (plan->entries, i);

      if (pgm_ledger_has_table (ledger, entry->table) && *entry->columns != '\0')
        {
          ResumeTable *table = g_new0 (ResumeTable, 1);

          table->entry = entry;
          g_ptr_array_add (complete, table);
        }
      else
        g_ptr_array_add (pgm_ledger_has_part_of (ledger, entry->table) ? again : fresh, entry);
    }
  /* Followed, whatever has changed since then comes by the stream. */
  if (ctx->spec->follow != NULL)
    keep_tables (ctx, complete);
  else if (!digest_tables (ctx, complete, keeper, control, cancellable, error))
    return FALSE;
  for (guint i = 0; i < complete->len; i++)
    {
      ResumeTable *table = g_ptr_array_index (complete, i);

      g_ptr_array_add (table->keep ? kept : again, table->entry);
      if (table->keep)
        g_hash_table_add (kept_set, table->entry);
    }
  if (!empty_tables (ctx, again, control, cancellable, error) ||
      !suspend_for_new (control, fresh, cancellable, error))
    return FALSE;
  pgm_plan_queue (plan, ctx->copy_workers, is_queued, kept_set);
  return TRUE;
}
