#include "engine/planned.h"

#include <string.h>

#include "engine/asks-private.h"
#include "engine/identity.h"
#include "engine/nodes.h"
#include "migration/clone.h"
#include "model/migration.h"

#define MAX_ID 64

static PgmEndpoint *
make_end (const char *cluster, const char *node, const char *dbname)
{
  PgmEndpoint *end = pgm_record_new (&pgm_endpoint_type);

  end->cluster = g_strdup (cluster);
  end->node = g_strdup (node);
  end->dbname = g_strdup (dbname);
  return end;
}

static PgmJobSpec *
plan_to_spec (const PgmMigrationBody *plan)
{
  PgmJobSpec *spec = pgm_record_new (&pgm_job_spec_type);
  PgmCloneOptions *options = pgm_record_new (&pgm_clone_options_type);

  spec->id = g_strdup (plan->id);
  spec->kind = PGM_JOB_CLONE;
  spec->clone = options;
  spec->source = make_end (plan->source_cluster_id, plan->source_node_id, plan->source_dbname);
  spec->destination = make_end (plan->dest_cluster_id, plan->dest_node_id, plan->dest_dbname);
  options->copy_workers = plan->copy_workers;
  options->index_workers = plan->index_workers;
  options->split_bytes = plan->split_bytes;
  options->include = g_strdupv (plan->include);
  options->exclude = g_strdupv (plan->exclude);
  if (plan->mode == PGM_MODE_CLONE_ONLY)
    return spec;
  spec->follow = pgm_record_new (&pgm_follow_options_type);
  spec->follow->slot_name = g_strdup (plan->slot_name);
  spec->follow->publication = g_strdup (plan->publication);
  return spec;
}

/* NULL when it has never run. */
static PgmJobHistory *
find_run (PgmStore *store, const char *id)
{
  return pgm_history_get_job (pgm_store_get_path (store), id, NULL);
}

static gboolean
fail_unknown (const char *id, GError **error)
{
  pgm_error_set (error, PGM_ERROR_NOT_FOUND, "there is no migration \"%s\"", id);
  return FALSE;
}

PgmJobSpec *
pgm_planned_load (PgmStore *store,
                  const char *id,
                  PgmMigrationBody **plan,
                  gboolean *begun,
                  GError **error)
{
  g_autoptr (GError) reason = NULL;
  PgmPlannedMigration *planned = pgm_history_get_planned (pgm_store_get_path (store), id, &reason);
  PgmJobHistory *run = reason == NULL ? find_run (store, id) : NULL;
  PgmJobSpec *spec = NULL;

  *plan = NULL;
  *begun = run != NULL;
  if (reason != NULL)
    g_propagate_error (error, g_steal_pointer (&reason));
  else if (planned != NULL && planned->plan != NULL)
    {
      *plan = pgm_record_ref (planned->plan);
      spec = plan_to_spec (*plan);
    }
  else if (run != NULL && run->spec != NULL)
    spec = pgm_record_ref (run->spec);
  else
    fail_unknown (id, error);
  pgm_record_unref (planned);
  pgm_record_unref (run);
  return spec;
}

static char *
describe_end (const char *cluster, const char *node)
{
  return node != NULL ? pgm_nodes_label (cluster, node) : g_strdup (cluster);
}

static PgmJobInfo *
planned_to_info (const PgmPlannedMigration *planned)
{
  const PgmMigrationBody *plan = planned->plan;
  PgmJobInfo *info = pgm_record_new (&pgm_job_info_type);

  info->id = g_strdup (planned->id);
  info->kind = g_strdup (pgm_job_kind_names[PGM_JOB_CLONE]);
  info->status = PGM_JOB_CREATED;
  info->source = describe_end (plan->source_cluster_id, plan->source_node_id);
  info->destination = describe_end (plan->dest_cluster_id, plan->dest_node_id);
  info->updated_at = planned->created_at;
  info->spec = plan_to_spec (plan);
  return info;
}

static PgmJobInfo *
find_info (GPtrArray *infos, const char *id)
{
  for (guint i = 0; i < infos->len; i++)
    {
      PgmJobInfo *info = g_ptr_array_index (infos, i);

      if (g_str_equal (info->id, id))
        return info;
    }
  return NULL;
}

void
pgm_planned_merge (PgmStore *store, GPtrArray *infos)
{
  g_autoptr (GPtrArray) all = pgm_history_list_planned (pgm_store_get_path (store), NULL);

  for (guint i = 0; all != NULL && i < all->len; i++)
    {
      const PgmPlannedMigration *planned = g_ptr_array_index (all, i);
      PgmJobInfo *info;

      if (planned->plan == NULL)
        continue;
      info = find_info (infos, planned->id);
      if (info == NULL)
        {
          info = planned_to_info (planned);
          g_ptr_array_add (infos, info);
        }
      info->plan = pgm_record_ref (planned->plan);
      info->created_at = planned->created_at;
    }
}

static gboolean
leaves_something (const PgmJobHistory *run)
{
  if (run == NULL || run->spec == NULL || run->spec->follow == NULL)
    return FALSE;
  return run->report == NULL || run->report->outcome == PGM_OUTCOME_FAILED ||
         run->report->outcome == PGM_OUTCOME_INTERRUPTED;
}

gboolean
pgm_planned_check_forget (PgmStore *store, const char *id, gboolean force, GError **error)
{
  g_autoptr (GError) reason = NULL;
  PgmPlannedMigration *planned = pgm_history_get_planned (pgm_store_get_path (store), id, &reason);
  PgmJobHistory *run = reason == NULL ? find_run (store, id) : NULL;
  gboolean done = FALSE;

  if (reason != NULL)
    g_propagate_error (error, g_steal_pointer (&reason));
  else if (planned == NULL && run == NULL)
    fail_unknown (id, error);
  else if (!force && leaves_something (run))
    pgm_error_set_full (error, PGM_ERROR_REFUSED, NULL, NULL,
                        "Clean up first (`pgmanager cleanup`), or forget it with force=true.",
                        "migration \"%s\" may have left a slot on its source, which keeps WAL for "
                        "it",
                        id);
  else
    done = TRUE;
  pgm_record_unref (planned);
  pgm_record_unref (run);
  return done;
}

/* ---- questions */

static gboolean
check_id (const char *id, GError **error)
{
  gsize length = strspn (id, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.");

  if (length > 0 && length <= MAX_ID && id[length] == '\0')
    return TRUE;
  pgm_error_set_full (error, PGM_ERROR_USAGE, NULL, NULL,
                      "Use 1 to 64 letters, digits, dots, dashes and underscores.",
                      "field \"id\" can't be used");
  return FALSE;
}

static gboolean
check_numbers (const PgmMigrationBody *plan, GError **error)
{
  if (plan->copy_workers < 0 || plan->copy_workers > 128)
    pgm_error_set (error, PGM_ERROR_USAGE, "field \"copy_workers\" is not between 0 and 128");
  else if (plan->index_workers < 0 || plan->index_workers > 128)
    pgm_error_set (error, PGM_ERROR_USAGE, "field \"index_workers\" is not between 0 and 128");
  else if (plan->fence == PGM_FENCE_PGBOUNCER)
    pgm_error_set (error, PGM_ERROR_USAGE,
                   "field \"fence\": a pgbouncer is named when the switchover is asked for");
  else
    return TRUE;
  return FALSE;
}

/* The two ends must exist, and be two. */
static gboolean
check_ends (PgmStore *store, const PgmJobSpec *spec, GError **error)
{
  PgmEndpoint *source = pgm_nodes_fill_job (store, spec->source, error);
  PgmEndpoint *destination =
      source != NULL ? pgm_nodes_fill_job (store, spec->destination, error) : NULL;
  gboolean same = destination != NULL && pgm_endpoint_is_same (source, destination);

  if (same)
    pgm_error_set (error, PGM_ERROR_USAGE, "source and destination are the same database");
  pgm_record_unref (source);
  pgm_record_unref (destination);
  return destination != NULL && !same;
}

static gboolean
check_new (PgmStore *store, const char *id, GError **error)
{
  PgmPlannedMigration *planned = pgm_history_get_planned (pgm_store_get_path (store), id, NULL);
  PgmJobHistory *run = find_run (store, id);
  gboolean known = planned != NULL || run != NULL;

  if (known)
    pgm_error_set (error, PGM_ERROR_REFUSED, "there is a migration \"%s\" already", id);
  pgm_record_unref (planned);
  pgm_record_unref (run);
  return !known;
}

static gboolean
check_plan (PgmStore *store, const PgmMigrationBody *plan, GError **error)
{
  PgmJobSpec *spec = plan_to_spec (plan);
  gboolean done = check_id (plan->id, error) && check_numbers (plan, error) &&
                  check_ends (store, spec, error) && check_new (store, plan->id, error);

  pgm_record_unref (spec);
  return done;
}

gpointer
pgm_answer_create_migration (PgmStore *store,
                             const char *id,
                             gpointer request,
                             GCancellable *cancellable,
                             GError **error)
{
  PgmMigrationBody *plan = pgm_record_copy (request);
  PgmPlannedMigration *planned = NULL;
  PgmMigration *migration = NULL;

  if (plan->id == NULL)
    plan->id = g_strdup_printf ("migration-%08x", g_random_int ());
  if (check_plan (store, plan, error))
    {
      pgm_store_migration_created (store, plan);
      pgm_store_flush (store);
      planned = pgm_history_get_planned (pgm_store_get_path (store), plan->id, NULL);
      if (planned == NULL)
        {
          g_autofree char *problem = pgm_store_dup_problem (store);

          pgm_error_set_full (error, PGM_ERROR_FAILED, NULL, problem, NULL,
                              "the migration can't be written down");
        }
    }
  if (planned != NULL)
    {
      PgmJobInfo *info = planned_to_info (planned);

      info->plan = pgm_record_ref (planned->plan);
      info->created_at = planned->created_at;
      migration = pgm_migration_new (info, NULL);
      pgm_record_unref (info);
    }
  pgm_record_unref (planned);
  pgm_record_unref (plan);
  return migration;
}

/* A blocker is an answer, too. */
static GPtrArray *
run_preflight (const PgmJobSpec *spec, GCancellable *cancellable, GError **error)
{
  g_autoptr (PgmProgress) progress = pgm_progress_new (spec->id, "preflight", NULL);
  g_autoptr (GError) reason = NULL;
  PgmReport *report = pgm_record_new (&pgm_report_type);
  GPtrArray *checks = NULL;

  if (pgm_clone_run (spec, progress, report, cancellable, &reason) ||
      (g_error_matches (reason, PGM_ERROR, PGM_ERROR_REFUSED) && pgm_report_has_blocker (report)))
    checks = g_ptr_array_ref (report->checks);
  else
    g_propagate_error (error, g_steal_pointer (&reason));
  pgm_record_unref (report);
  return checks;
}

gpointer
pgm_answer_preflight_migration (PgmStore *store,
                                const char *id,
                                gpointer request,
                                GCancellable *cancellable,
                                GError **error)
{
  PgmMigrationBody *plan = NULL;
  gboolean begun;
  PgmJobSpec *spec = pgm_planned_load (store, id, &plan, &begun, error);
  PgmJobSpec *dry = NULL;
  GPtrArray *checks = NULL;

  pgm_record_unref (plan);
  if (spec == NULL)
    return NULL;
  if (spec->clone == NULL)
    pgm_error_set (error, PGM_ERROR_REFUSED, "job \"%s\" is no clone", id);
  else
    {
      dry = pgm_record_new (&pgm_job_spec_type);
      dry->id = g_strdup (id);
      dry->kind = PGM_JOB_CLONE;
      dry->follow = spec->follow != NULL ? pgm_record_ref (spec->follow) : NULL;
      dry->clone = pgm_record_copy (spec->clone);
      dry->clone->dry_run = TRUE;
      pgm_config_apply (pgm_store_get_config (store), dry);
      dry->source = pgm_nodes_fill_job (store, spec->source, error);
      if (dry->source != NULL)
        dry->destination = pgm_nodes_fill_job (store, spec->destination, error);
      if (dry->destination != NULL)
        checks = run_preflight (dry, cancellable, error);
    }
  pgm_record_unref (spec);
  pgm_record_unref (dry);
  return checks;
}

gpointer
pgm_answer_read_metrics (PgmStore *store,
                         const char *id,
                         gpointer request,
                         GCancellable *cancellable,
                         GError **error)
{
  const PgmMetricsQuery *query = request;
  PgmMigrationBody *plan = NULL;
  gboolean begun;
  PgmJobSpec *spec;

  pgm_store_flush (store);
  spec = pgm_planned_load (store, id, &plan, &begun, error);
  pgm_record_unref (plan);
  if (spec == NULL)
    return NULL;
  pgm_record_unref (spec);
  return pgm_history_list_metrics (pgm_store_get_path (store), id, query->from, query->to, error);
}
