#include "migration/clone.h"

#include <string.h>

#include "core/failpoint.h"
#include "migration/analyze.h"
#include "migration/clone-follow.h"
#include "migration/copier.h"
#include "migration/drop.h"
#include "migration/foreign-key.h"
#include "migration/large-objects.h"
#include "migration/matviews.h"
#include "migration/preflight.h"
#include "migration/resume.h"
#include "migration/schema.h"
#include "migration/sequences.h"
#include "migration/settings.h"
#include "migration/triggers.h"
#include "postgres/quote.h"

/* How long a table of the source may be locked exclusively by somebody else. */
#define LOCK_SECONDS 30u

#define WORKERS_DEFAULT_MAX 4u

#define RESUME_HINT "Run the same command again with --resume."

/* One run, from top to bottom. */
typedef struct
{
  PgmCloneContext ctx;
  PgmReport *report;
  GCancellable *cancellable;
  PgmConnection *control; /* on the destination; owns it */
  PgmKeeper *keeper;
  PgmLedger *ledger; /* of the run to go on with, or NULL */
  PgmPlan *plan;
  PgmIndexPool *pool;     /* NULL: indexes are none of our business */
  GPtrArray *kept;        /* PgmPlanEntry that --resume found to be equal */
  gboolean begun;         /* the destination has a ledger */
  gboolean resumed;       /* what an earlier run began goes on */
  gboolean finished;      /* nothing is left to do */
  PgmCloneFollow *follow; /* NULL: changes are not followed */
} CloneRun;

typedef gboolean (*CloneStep) (CloneRun *run, GError **error);

static guint
choose_workers (gint64 asked, guint per_core)
{
  if (asked > 0)
    return (guint) MIN (asked, 256);
  return MIN (g_get_num_processors () * per_core, WORKERS_DEFAULT_MAX);
}

static gboolean
step_connect (CloneRun *run, GError **error)
{
  PgmCloneContext *ctx = &run->ctx;
  const PgmCloneOptions *options = ctx->options;

  pgm_progress_set_phase (ctx->progress, PGM_PHASE_CONNECTING);
  if (options->schema_only && options->data_only)
    {
      pgm_error_set (error, PGM_ERROR_USAGE, "schema only and data only exclude each other");
      return FALSE;
    }
  ctx->copy_workers = choose_workers (options->copy_workers, 2);
  ctx->index_workers = choose_workers (options->index_workers, 1);
  ctx->filter = pgm_filter_new ((const char *const *) options->include,
                                (const char *const *) options->exclude, error);
  if (ctx->filter == NULL)
    return FALSE;
  ctx->ends = pgm_ends_open (ctx->spec, run->cancellable, error);
  if (ctx->ends == NULL)
    return FALSE;
  run->report->source_version = g_strdup (ctx->ends->source->version_text);
  run->report->destination_version = g_strdup (ctx->ends->destination->version_text);
  return TRUE;
}

static PgmPlanOptions
plan_options (const PgmCloneContext *ctx)
{
  return (PgmPlanOptions){
    .workers = ctx->copy_workers,
    .processors = ctx->ends->on_one_machine ? g_get_num_processors () : 0,
    .split_bytes = ctx->options->split_bytes,
    .text_only = ctx->options->data_only,
    .in_recovery = ctx->ends->source->in_recovery,
  };
}

/* The plan as it would be now: nothing is locked for it. */
static gboolean
plan_dry (CloneRun *run, PgmCatalog *catalog, PgmConnection *source, GError **error)
{
  PgmPlanOptions options = plan_options (&run->ctx);
  g_autoptr (PgmPlan) plan = pgm_plan_new (catalog, source, &options, run->cancellable, error);

  if (plan == NULL)
    return FALSE;
  pgm_plan_report (plan, catalog, run->report);
  return TRUE;
}

static gboolean
step_preflight (CloneRun *run, GError **error)
{
  PgmCloneContext *ctx = &run->ctx;
  g_autoptr (PgmConnection) source = NULL;
  g_autoptr (PgmConnection) destination = NULL;
  g_autoptr (PgmCatalog) catalog = NULL;

  pgm_progress_set_phase (ctx->progress, PGM_PHASE_PREFLIGHT);
  source = pgm_ends_connect (ctx->ends, PGM_END_SOURCE, "preflight", run->cancellable, error);
  if (source == NULL)
    return FALSE;
  destination =
      pgm_ends_connect (ctx->ends, PGM_END_DESTINATION, "preflight", run->cancellable, error);
  if (destination == NULL || !pgm_connection_execf (source, run->cancellable, error,
                                                    "SET lock_timeout = '%us'", LOCK_SECONDS))
    return FALSE;
  if (!pgm_filter_check (ctx->filter, source, NULL, run->cancellable, error))
    return FALSE;
  catalog = pgm_catalog_read_structure (source, run->cancellable, error);
  if (catalog == NULL)
    return FALSE;
  pgm_filter_apply (ctx->filter, catalog);
  if (!pgm_preflight_run (ctx->ends, ctx->spec, source, destination, catalog, ctx->filter,
                          run->report, run->cancellable, error))
    return FALSE;
  if (ctx->options->dry_run && !plan_dry (run, catalog, source, error))
    return FALSE;
  return pgm_preflight_refuse (run->report, error);
}

/* A newer pg_dump writes what a newer server wants to read, and pg_restore must
 * not be older than the archive. */
static gboolean
find_tools (PgmCloneContext *ctx, GCancellable *cancellable, GError **error)
{
  int source = ctx->ends->source->major;
  int destination = ctx->ends->destination->major;

  ctx->pg_dump = pgm_tool_find ("pg_dump", ctx->options->bindir, source, MAX (source, destination),
                                cancellable, error);
  if (ctx->pg_dump == NULL)
    return FALSE;
  ctx->pg_restore = pgm_tool_find ("pg_restore", ctx->options->bindir, ctx->pg_dump->major,
                                   MAX (ctx->pg_dump->major, destination), cancellable, error);
  return ctx->pg_restore != NULL;
}

static gboolean
refuse_unfinished (GError **error)
{
  pgm_error_set_full (error, PGM_ERROR_REFUSED, NULL, NULL,
                      "Go on with it by --resume, or start anew with --drop-existing.",
                      "there is an unfinished clone on the destination");
  return FALSE;
}

static gboolean
step_own (CloneRun *run, GError **error)
{
  PgmCloneContext *ctx = &run->ctx;
  PgmCloneBeginning beginning;

  run->control =
      pgm_ends_connect (ctx->ends, PGM_END_DESTINATION, "control", run->cancellable, error);
  if (run->control == NULL || !pgm_ends_own (ctx->ends, run->control, run->cancellable, error) ||
      !pgm_connection_exec (run->control, "SET synchronous_commit = on", run->cancellable, error) ||
      !pgm_ledger_read (run->control, &run->ledger, run->cancellable, error))
    return FALSE;
  if (!pgm_clone_follow_begin (ctx, run->control, run->ledger, &run->follow, &beginning,
                               run->cancellable, error))
    return FALSE;
  run->finished = beginning == PGM_CLONE_COPIED;
  run->resumed = beginning == PGM_CLONE_RESUMED;
  if (run->finished)
    return TRUE;
  if (run->resumed || (ctx->options->resume && run->follow == NULL))
    {
      run->begun = run->ledger != NULL;
      return pgm_resume_check (ctx, run->ledger, error);
    }
  return run->ledger == NULL || ctx->options->drop_existing || refuse_unfinished (error);
}

/* A pg_dump that gave up waiting for a lock shows its statement, but doesn't know
 * who was in its way. (Its message itself is in the server's language.) */
static gboolean
dump_schema (CloneRun *run, GError **error)
{
  GError *failure = NULL;
  const char *said = NULL;
  g_autofree char *blockers = NULL;
  g_autofree char *detail = NULL;

  if (pgm_schema_dump (&run->ctx, run->cancellable, &failure))
    return TRUE;
  said = pgm_error_get_detail (failure);
  if (said != NULL && strstr (said, "LOCK TABLE") != NULL)
    blockers = pgm_keeper_describe_blockers (run->keeper, run->cancellable);
  if (blockers == NULL)
    {
      g_propagate_error (error, failure);
      return FALSE;
    }
  detail = g_strdup_printf ("%s\n%s", blockers, said);
  pgm_error_set_full (error, PGM_ERROR_FAILED, NULL, detail,
                      "Let that transaction end, or end it, and start again.",
                      "the source's schema can't be dumped, because pg_dump waits for a lock");
  g_error_free (failure);
  return FALSE;
}

static gboolean
step_hold (CloneRun *run, GError **error)
{
  PgmCloneContext *ctx = &run->ctx;

  pgm_progress_set_phase (ctx->progress, PGM_PHASE_SCHEMA);
  pgm_progress_set_activity (ctx->progress, "taking a snapshot of the source");
  run->keeper = pgm_keeper_new (ctx->ends, ctx->filter, ctx->progress, LOCK_SECONDS,
                                run->follow != NULL ? pgm_clone_follow_export : NULL, run->follow,
                                run->cancellable, error);
  if (run->keeper == NULL)
    return FALSE;
  ctx->snapshot = g_strdup (pgm_keeper_get_snapshot (run->keeper));
  ctx->catalog = pgm_keeper_steal_catalog (run->keeper);
  if (run->follow != NULL && !pgm_clone_follow_hold (run->follow, run->cancellable, error))
    return FALSE;
  ctx->scratch = pgm_scratch_new (error);
  if (ctx->scratch == NULL)
    return FALSE;
  ctx->directory = pgm_scratch_get_path (ctx->scratch);
  ctx->archive = g_build_filename (ctx->directory, "schema.dump", NULL);
  return ctx->options->data_only ||
         (find_tools (ctx, run->cancellable, error) && dump_schema (run, error));
}

static gboolean
make_plan (CloneRun *run, GError **error)
{
  PgmCloneContext *ctx = &run->ctx;
  PgmPlanOptions options = plan_options (ctx);

  run->plan = pgm_plan_new (ctx->catalog, pgm_keeper_get_session (run->keeper), &options,
                            run->cancellable, error);
  if (run->plan == NULL)
    return FALSE;
  pgm_plan_report (run->plan, ctx->catalog, run->report);
  for (guint i = 0; i < run->plan->entries->len && !ctx->options->schema_only; i++)
    {
      PgmPlanEntry *entry = g_ptr_array_index (run->plan->entries, i);

      entry->progress =
          pgm_progress_add_table (ctx->progress, entry->table->schema, entry->table->name,
                                  entry->table->rows_estimate, (guint64) entry->bytes);
    }
  return TRUE;
}

/* The first rows of nobody else's tables are refused; with --drop-existing they
 * go, all in one statement, since they may refer to each other. */
static gboolean
empty_for_data (CloneRun *run, GError **error)
{
  g_autoptr (GString) check = g_string_new ("SELECT t FROM (VALUES (NULL::text, false)");
  g_autoptr (GString) truncate = g_string_new ("TRUNCATE ");
  g_autoptr (PgmResult) full = NULL;
  GPtrArray *entries = run->plan->entries;

  for (guint i = 0; i < entries->len; i++)
    {
      const PgmPlanEntry *entry = g_ptr_array_index (entries, i);
      g_autofree char *name = pgm_quote_qualified (entry->table->schema, entry->table->name);
      g_autofree char *from = pgm_plan_entry_from (entry);

      g_string_append (check, ", (");
      pgm_quote_append_literal (check, name);
      g_string_append_printf (check, ", EXISTS (SELECT FROM %s%s%s))", from,
                              entry->condition != NULL ? " WHERE " : "",
                              entry->condition != NULL ? entry->condition : "");
      g_string_append_printf (truncate, "%s%s", i > 0 ? ", " : "", from);
    }
  if (entries->len == 0)
    return TRUE;
  if (run->ctx.options->drop_existing)
    return pgm_connection_exec (run->control, truncate->str, run->cancellable, error);
  g_string_append (check, ") v(t, is_full) WHERE is_full LIMIT 1");
  full = pgm_connection_query (run->control, check->str, 0, NULL, run->cancellable, error);
  if (full == NULL)
    return FALSE;
  if (pgm_result_get_rows (full) == 0)
    return TRUE;
  pgm_error_set_full (
      error, PGM_ERROR_REFUSED, NULL, NULL, "Empty the tables, or let --drop-existing do it.",
      "table %s on the destination is not empty", pgm_result_get_or (full, 0, 0, "?"));
  return FALSE;
}

/* In the transaction that makes the ledger. */
static gboolean
restore_within (CloneRun *run, PgmSchemaParts **others, GError **error)
{
  PgmCloneContext *ctx = &run->ctx;
  g_autofree char *fingerprint = NULL;

  if (ctx->options->data_only)
    return empty_for_data (run, error) &&
           pgm_triggers_suspend (run->control, run->plan->entries, run->cancellable, error);
  fingerprint = pgm_schema_fingerprint (ctx, run->cancellable, error);
  if (fingerprint == NULL ||
      !pgm_ledger_set_fingerprint (run->control, fingerprint, run->cancellable, error))
    return FALSE;
  if (ctx->options->drop_existing && !pgm_drop_existing (ctx, pgm_keeper_get_watch (run->keeper),
                                                         run->control, run->cancellable, error))
    return FALSE;
  return pgm_schema_restore_pre_data (
      ctx, run->control, ctx->options->drop_existing ? NULL : others, run->cancellable, error);
}

/* An older ledger goes, but not before what it knows of suspended triggers. */
static gboolean
replace_ledger (CloneRun *run, GError **error)
{
  return run->ledger == NULL || (pgm_triggers_restore (run->control, run->cancellable, error) &&
                                 pgm_ledger_drop (run->control, run->cancellable, error));
}

/* After a COMMIT of which we don't know how it went: its connection broke, or we
 * were interrupted and the server was past heeding it. */
static gboolean
has_begun (CloneRun *run)
{
  PgmLedger *ledger = NULL;
  gboolean begun;

  if (pgm_connection_is_lost (run->control) ||
      !pgm_connection_exec (run->control, "ROLLBACK", NULL, NULL) ||
      !pgm_ledger_read (run->control, &ledger, NULL, NULL))
    return TRUE; /* it may have come to pass */
  begun = ledger != NULL;
  g_clear_pointer (&ledger, pgm_ledger_free);
  return begun;
}

/* Ledger, emptied or dropped objects, and the schema but for @others. */
static gboolean
restore_uncommitted (CloneRun *run, PgmSchemaParts **others, GError **error)
{
  PgmCloneContext *ctx = &run->ctx;
  g_autofree char *options = pgm_ledger_describe_options (ctx->options);
  const PgmServerInfo *source = ctx->ends->source;

  pgm_progress_set_activity (ctx->progress, "restoring the schema");
  return pgm_connection_exec (run->control, "BEGIN", run->cancellable, error) &&
         replace_ledger (run, error) &&
         pgm_ledger_create (run->control, ctx->ends->job_id, source->identity.system_identifier,
                            source->database, options, run->cancellable, error) &&
         restore_within (run, others, error) &&
         pgm_ledger_mark (run->control,
                          *others != NULL ? PGM_LEDGER_PHASE_SCHEMA_BEGUN : PGM_LEDGER_PHASE_SCHEMA,
                          run->cancellable, error) &&
         PGM_FAILPOINT ("schema.before_commit", error);
}

/* Whole or absent: until our COMMIT nothing is there, after it --resume knows
 * what is missing. */
static gboolean
restore_anew (CloneRun *run, GError **error)
{
  g_autoptr (PgmSchemaParts) others = NULL;

  if (!restore_uncommitted (run, &others, error))
    return FALSE;
  if (!pgm_connection_exec (run->control, "COMMIT", run->cancellable, error))
    {
      run->begun = has_begun (run);
      return FALSE;
    }
  run->begun = TRUE;
  if (!PGM_FAILPOINT ("schema.after_commit", error))
    return FALSE;
  return others == NULL ||
         (pgm_schema_parts_commit (others, error) &&
          pgm_ledger_mark (run->control, PGM_LEDGER_PHASE_SCHEMA, run->cancellable, error));
}

/* After a crash among the commits of restore_anew(). */
static gboolean
restore_missing (CloneRun *run, GError **error)
{
  return g_hash_table_contains (run->ledger->phases, PGM_LEDGER_PHASE_SCHEMA) ||
         pgm_schema_restore_missing (&run->ctx, run->control, run->cancellable, error);
}

static gboolean
step_restore (CloneRun *run, GError **error)
{
  PgmCloneContext *ctx = &run->ctx;
  g_autofree char *fingerprint = NULL;

  if (!make_plan (run, error))
    return FALSE;
  if (!run->resumed)
    return restore_anew (run, error);
  if (!ctx->options->data_only)
    {
      fingerprint = pgm_schema_fingerprint (ctx, run->cancellable, error);
      if (fingerprint == NULL || !pgm_resume_check_schema (run->ledger, fingerprint, error) ||
          !restore_missing (run, error))
        return FALSE;
    }
  if (ctx->options->schema_only)
    return TRUE;
  return pgm_resume_prepare (ctx, run->ledger, run->plan, pgm_keeper_get_session (run->keeper),
                             run->control, run->kept, run->cancellable, error) &&
         (run->follow == NULL ||
          pgm_clone_follow_note (run->follow, run->plan, run->kept,
                                 pgm_keeper_get_lsn (run->keeper), run->cancellable, error));
}

/* Tables that need no copying can have their indexes at once. */
static gboolean
open_pool (CloneRun *run, GError **error)
{
  PgmCloneContext *ctx = &run->ctx;

  if (ctx->options->data_only)
    return TRUE;
  run->pool = pgm_index_pool_new (ctx, ctx->index_workers,
                                  ctx->options->schema_only ? 0 : ctx->copy_workers,
                                  run->cancellable, error);
  if (run->pool == NULL)
    return FALSE;
  for (guint i = 0; i < run->kept->len; i++)
    pgm_copiers_tell_pool (run->pool, g_ptr_array_index (run->kept, i));
  for (guint i = 0; i < run->plan->entries->len && ctx->options->schema_only; i++)
    pgm_copiers_tell_pool (run->pool, g_ptr_array_index (run->plan->entries, i));
  return TRUE;
}

/* Nobody uses the snapshot's old name any more. */
static gboolean
unlock_source (CloneRun *run, GError **error)
{
  if (!pgm_keeper_unlock (run->keeper, run->cancellable, error))
    return FALSE;
  g_free (run->ctx.snapshot);
  run->ctx.snapshot = g_strdup (pgm_keeper_get_snapshot (run->keeper));
  return TRUE;
}

static gboolean
step_copy (CloneRun *run, GError **error)
{
  PgmCloneContext *ctx = &run->ctx;
  PgmCopierOptions options = { .freeze = !ctx->options->data_only };

  if (!open_pool (run, error))
    return FALSE;
  if (ctx->options->schema_only)
    return unlock_source (run, error);
  pgm_progress_set_phase (ctx->progress, PGM_PHASE_COPY);
  options.pool = run->pool;
  if (ctx->options->data_only &&
      !pgm_triggers_have_foreign_keys (run->control, &options.replica, run->cancellable, error))
    return FALSE;
  return pgm_copiers_run (ctx, run->plan, run->keeper, &options, run->cancellable, error) &&
         pgm_large_objects_copy (ctx, ctx->copy_workers, run->cancellable, error) &&
         pgm_keeper_ping (run->keeper, run->cancellable, error) &&
         pgm_sequences_copy (ctx, pgm_keeper_get_watch (run->keeper), run->control,
                             run->cancellable, error) &&
         unlock_source (run, error)
         /* Flushes what the copiers committed. */
         && pgm_ledger_mark (run->control, "copy", run->cancellable, error) &&
         PGM_FAILPOINT ("copy.after_all", error);
}

/* Foreign keys can't hold before all tables are of one moment. */
static gboolean
catch_up (CloneRun *run, GError **error)
{
  if (run->follow == NULL)
    return TRUE;
  if (!pgm_clone_follow_catch_up (run->follow, run->cancellable, error))
    return FALSE;
  pgm_progress_set_phase (run->ctx.progress, PGM_PHASE_INDEXES);
  return TRUE;
}

static gboolean
step_indexes (CloneRun *run, GError **error)
{
  PgmCloneContext *ctx = &run->ctx;

  pgm_progress_set_phase (ctx->progress, PGM_PHASE_INDEXES);
  if (ctx->options->data_only)
    return TRUE;
  return pgm_index_pool_finish (run->pool, run->cancellable, error) &&
         PGM_FAILPOINT ("index.after_all", error) && catch_up (run, error) &&
         pgm_foreign_keys_restore (ctx, ctx->index_workers, run->cancellable, error) &&
         PGM_FAILPOINT ("foreign-key.after_all", error) &&
         pgm_schema_restore_post_data (ctx, run->control, run->cancellable, error) &&
         PGM_FAILPOINT ("schema.after_post_data", error) &&
         pgm_settings_copy (ctx, pgm_keeper_get_watch (run->keeper), run->control, run->cancellable,
                            error);
}

static gboolean
restore_triggers (CloneRun *run, GError **error)
{
  return pgm_connection_exec (run->control, "BEGIN", run->cancellable, error) &&
         pgm_triggers_restore (run->control, run->cancellable, error) &&
         pgm_connection_exec (run->control, "COMMIT", run->cancellable, error);
}

static gboolean
step_finish (CloneRun *run, GError **error)
{
  PgmCloneContext *ctx = &run->ctx;
  PgmConnection *watch = pgm_keeper_get_watch (run->keeper);

  if (!pgm_matviews_refresh (ctx, watch, run->control, run->cancellable, error) ||
      !restore_triggers (run, error) ||
      (!ctx->options->schema_only &&
       !pgm_analyze_run (ctx, ctx->index_workers, run->cancellable, error)) ||
      (!ctx->options->data_only &&
       !pgm_schema_restore_event_triggers (ctx, run->control, run->cancellable, error)))
    return FALSE;
  if (!PGM_FAILPOINT ("clone.before_cleanup", error) ||
      !(run->follow != NULL ? pgm_clone_follow_finish (run->follow, run->cancellable, error)
                            : pgm_ledger_drop (run->control, run->cancellable, error)))
    return FALSE;
  run->begun = FALSE;
  return PGM_FAILPOINT ("clone.after_cleanup", error);
}

static gboolean
run_steps (CloneRun *run, GError **error)
{
  /* Owning comes first: a running or unfinished clone explains itself better
   * than a destination that isn't empty. */
  static const CloneStep steps[] = { step_connect, step_own,  step_preflight, step_hold,
                                     step_restore, step_copy, step_indexes,   step_finish };
  static const CloneStep dry_steps[] = { step_connect, step_preflight };
  gboolean dry = run->ctx.options->dry_run;
  gsize n = dry ? G_N_ELEMENTS (dry_steps) : G_N_ELEMENTS (steps);

  for (gsize i = 0; i < n; i++)
    if (!run->finished && !(dry ? dry_steps : steps)[i](run, error))
      return FALSE;
  return TRUE;
}

static void
describe_ends (CloneRun *run)
{
  PgmReport *report = run->report;
  g_autoptr (PgmConninfo) source = pgm_endpoint_to_conninfo (run->ctx.spec->source, NULL);
  g_autoptr (PgmConninfo) destination = pgm_endpoint_to_conninfo (run->ctx.spec->destination, NULL);

  report->job_id = g_strdup (run->ctx.spec->id);
  report->kind = g_strdup (pgm_job_kind_names[PGM_JOB_CLONE]);
  report->started_at = g_get_real_time ();
  report->source = source != NULL ? pgm_conninfo_describe (source) : NULL;
  report->destination = destination != NULL ? pgm_conninfo_describe (destination) : NULL;
}

static int
outcome_of (const GError *failure)
{
  if (pgm_error_is_cancelled (failure))
    return PGM_OUTCOME_INTERRUPTED;
  return g_error_matches (failure, PGM_ERROR, PGM_ERROR_REFUSED) ? PGM_OUTCOME_REFUSED
                                                                 : PGM_OUTCOME_FAILED;
}

/* What helps first, if anything is known to, and then how to go on. */
static void
hint_at_resume (GError *failure)
{
  const char *hint = pgm_error_get_hint (failure);
  g_autofree char *both = NULL;

  if (hint == NULL)
    pgm_error_set_hint (failure, RESUME_HINT);
  else if (strstr (hint, "--resume") == NULL)
    {
      both = g_strdup_printf ("%s %s", hint, RESUME_HINT);
      pgm_error_set_hint (failure, both);
    }
}

/* Tells a failure in the report; a refusal needs no --resume. */
static void
report_failure (CloneRun *run, GError *failure)
{
  PgmReport *report = run->report;

  report->outcome = outcome_of (failure);
  report->resumable = run->begun;
  if (run->begun && report->outcome == PGM_OUTCOME_FAILED)
    hint_at_resume (failure);
  report->error = g_strdup (failure->message);
  report->detail = g_strdup (pgm_error_get_detail (failure));
  report->hint = g_strdup (pgm_error_get_hint (failure));
  report->sqlstate = g_strdup (pgm_error_get_sqlstate (failure));
  if (report->hint == NULL && report->outcome == PGM_OUTCOME_INTERRUPTED && run->begun)
    report->hint = g_strdup (RESUME_HINT);
  pgm_progress_error (run->ctx.progress, failure, run->begun);
  pgm_progress_set_phase (run->ctx.progress, PGM_PHASE_FAILED);
}

static void
count_bytes (CloneRun *run)
{
  for (guint i = 0;
       run->plan != NULL && !run->ctx.options->schema_only && i < run->plan->entries->len; i++)
    {
      const PgmPlanEntry *entry = g_ptr_array_index (run->plan->entries, i);
      PgmCounters *counters = pgm_progress_get_counters (run->ctx.progress, entry->progress);

      run->report->bytes += __atomic_load_n (&counters->bytes, __ATOMIC_RELAXED);
    }
}

/* Indexes first: their threads use everything else. */
static void
run_clear (CloneRun *run)
{
  PgmCloneContext *ctx = &run->ctx;

  g_clear_pointer (&run->pool, pgm_index_pool_free);
  g_clear_pointer (&run->follow, pgm_clone_follow_free);
  g_clear_pointer (&run->kept, g_ptr_array_unref);
  g_clear_pointer (&run->plan, pgm_plan_free);
  g_clear_pointer (&run->ledger, pgm_ledger_free);
  g_clear_pointer (&run->keeper, pgm_keeper_free);
  g_clear_pointer (&run->control, pgm_connection_free);
  g_clear_pointer (&ctx->scratch, pgm_scratch_free);
  g_clear_pointer (&ctx->archive, g_free);
  g_clear_pointer (&ctx->snapshot, g_free);
  g_clear_pointer (&ctx->catalog, pgm_catalog_free);
  g_clear_pointer (&ctx->pg_dump, pgm_tool_free);
  g_clear_pointer (&ctx->pg_restore, pgm_tool_free);
  g_clear_pointer (&ctx->filter, pgm_filter_free);
  g_clear_pointer (&ctx->ends, pgm_ends_free);
  g_mutex_clear (&ctx->report_lock);
}

gboolean
pgm_clone_run (const PgmJobSpec *spec,
               PgmProgress *progress,
               PgmReport *report,
               GCancellable *cancellable,
               GError **error)
{
  CloneRun run = {
    .ctx = { .spec = spec, .options = spec->clone, .progress = progress, .report = report },
    .report = report,
    .cancellable = cancellable,
    .kept = g_ptr_array_new (),
  };
  gint64 started = g_get_monotonic_time ();
  GError *failure = NULL;

  g_mutex_init (&run.ctx.report_lock);
  describe_ends (&run);
  if (!run_steps (&run, &failure))
    {
      if (!run.begun)
        pgm_clone_follow_undo (run.follow);
      report_failure (&run, failure);
    }
  else
    {
      report->outcome = report->problems->len > 0 ? PGM_OUTCOME_PROBLEMS : PGM_OUTCOME_DONE;
      if (spec->follow == NULL || spec->clone->dry_run)
        pgm_progress_set_phase (progress, PGM_PHASE_DONE);
    }
  count_bytes (&run);
  run_clear (&run);
  report->finished_at = g_get_real_time ();
  report->seconds = (double) (g_get_monotonic_time () - started) / G_USEC_PER_SEC;
  if (failure == NULL)
    return TRUE;
  g_propagate_error (error, failure);
  return FALSE;
}
