#include "app/inventory.h"

#include "core/error.h"

/* What was added or removed elsewhere is seen this many looks later. */
#define LIST_EVERY 6

struct _PgmInventory
{
  GObject parent_instance;
  PgmEngine *engine;
  GListStore *clusters;
  GListStore *jobs;
  GHashTable *asking; /* ids of clusters whose nodes are being asked for */
  GCancellable *cancellable;
  GError *error;
  guint interval;
  guint timer;
  guint looks;
  gboolean loaded;
  gboolean listing;
  gboolean list_again; /* somebody asked for the list while it was on its way */
  gboolean listing_jobs;
  gboolean list_jobs_again;
  gboolean watching;
};

G_DEFINE_FINAL_TYPE (PgmInventory, pgm_inventory, G_TYPE_OBJECT)

enum
{
  CHANGED,
  JOB_ENDED,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

static void list_clusters (PgmInventory *self);
static void on_engine_snapshot (PgmEngine *engine,
                                const char *job_id,
                                PgmSnapshot *snapshot,
                                PgmInventory *self);
static void
on_engine_finished (PgmEngine *engine, const char *job_id, PgmReport *report, PgmInventory *self);

static void
pgm_inventory_dispose (GObject *object)
{
  PgmInventory *self = PGM_INVENTORY (object);

  pgm_inventory_close (self);
  g_clear_object (&self->engine);
  g_clear_object (&self->clusters);
  g_clear_object (&self->jobs);
  g_clear_object (&self->cancellable);
  g_clear_pointer (&self->asking, g_hash_table_unref);
  g_clear_error (&self->error);
  G_OBJECT_CLASS (pgm_inventory_parent_class)->dispose (object);
}

static void
pgm_inventory_class_init (PgmInventoryClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = pgm_inventory_dispose;
  signals[CHANGED] = g_signal_new ("changed", PGM_TYPE_INVENTORY, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                                   NULL, G_TYPE_NONE, 0);
  signals[JOB_ENDED] = g_signal_new ("job-ended", PGM_TYPE_INVENTORY, G_SIGNAL_RUN_LAST, 0, NULL,
                                     NULL, NULL, G_TYPE_NONE, 1, PGM_TYPE_JOB_ITEM);
}

static void
pgm_inventory_init (PgmInventory *self)
{
  self->clusters = g_list_store_new (PGM_TYPE_CLUSTER_ITEM);
  self->jobs = g_list_store_new (PGM_TYPE_JOB_ITEM);
  self->asking = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->cancellable = g_cancellable_new ();
  self->interval = 5;
}

PgmInventory *
pgm_inventory_new (PgmEngine *engine)
{
  PgmInventory *self = g_object_new (PGM_TYPE_INVENTORY, NULL);

  self->engine = g_object_ref (engine);
  g_signal_connect (engine, "snapshot", G_CALLBACK (on_engine_snapshot), self);
  g_signal_connect (engine, "finished", G_CALLBACK (on_engine_finished), self);
  return self;
}

void
pgm_inventory_close (PgmInventory *self)
{
  g_clear_handle_id (&self->timer, g_source_remove);
  g_cancellable_cancel (self->cancellable);
  if (self->engine != NULL)
    g_signal_handlers_disconnect_by_data (self->engine, self);
}

PgmEngine *
pgm_inventory_get_engine (PgmInventory *self)
{
  return self->engine;
}

GListModel *
pgm_inventory_get_clusters (PgmInventory *self)
{
  return G_LIST_MODEL (self->clusters);
}

GListModel *
pgm_inventory_get_jobs (PgmInventory *self)
{
  return G_LIST_MODEL (self->jobs);
}

gboolean
pgm_inventory_is_loaded (PgmInventory *self)
{
  return self->loaded;
}

const GError *
pgm_inventory_get_error (PgmInventory *self)
{
  return self->error;
}

/* The list holds a reference of its own, so that the pointer stays good. */
static gpointer
find_item (GListStore *store, const char *id, guint *position)
{
  for (guint i = 0; i < g_list_model_get_n_items (G_LIST_MODEL (store)); i++)
    {
      g_autoptr (GObject) item = g_list_model_get_item (G_LIST_MODEL (store), i);
      const char *other = PGM_IS_JOB_ITEM (item)
                              ? pgm_job_item_get_id (PGM_JOB_ITEM (item))
                              : pgm_cluster_item_get_id (PGM_CLUSTER_ITEM (item));

      if (g_strcmp0 (other, id) != 0)
        continue;
      if (position != NULL)
        *position = i;
      return item;
    }
  return NULL;
}

PgmClusterItem *
pgm_inventory_find_cluster (PgmInventory *self, const char *id)
{
  return find_item (self->clusters, id, NULL);
}

PgmJobItem *
pgm_inventory_find_job (PgmInventory *self, const char *id)
{
  return find_item (self->jobs, id, NULL);
}

guint
pgm_inventory_count_running (PgmInventory *self)
{
  guint count = 0;

  for (guint i = 0; i < g_list_model_get_n_items (G_LIST_MODEL (self->jobs)); i++)
    {
      g_autoptr (PgmJobItem) item = g_list_model_get_item (G_LIST_MODEL (self->jobs), i);

      count += pgm_job_item_is_running (item);
    }
  return count;
}

/* ---- nodes ---------------------------------------------------------------------- */

typedef struct
{
  PgmInventory *inventory;
  char *cluster_id;
} NodesCall;

static void
nodes_call_free (NodesCall *self)
{
  g_object_unref (self->inventory);
  g_free (self->cluster_id);
  g_free (self);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (NodesCall, nodes_call_free)

static void
on_nodes (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (NodesCall) call = user_data;
  PgmInventory *self = call->inventory;
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) nodes = pgm_engine_ask_finish (PGM_ENGINE (source), result, &error);
  PgmClusterItem *item;

  if (g_cancellable_is_cancelled (self->cancellable))
    return;
  g_hash_table_remove (self->asking, call->cluster_id);
  item = pgm_inventory_find_cluster (self, call->cluster_id);
  if (item != NULL)
    pgm_cluster_item_set_nodes (item, nodes, error);
}

static void
ask_nodes (PgmInventory *self, PgmClusterItem *item)
{
  const char *id = pgm_cluster_item_get_id (item);
  NodesCall *call;

  if (!g_hash_table_add (self->asking, g_strdup (id)))
    return;
  call = g_new0 (NodesCall, 1);
  call->inventory = g_object_ref (self);
  call->cluster_id = g_strdup (id);
  pgm_engine_ask_async (self->engine, PGM_ASK_LIST_NODES, id, NULL, self->cancellable, on_nodes,
                        call);
}

static void
ask_all_nodes (PgmInventory *self)
{
  for (guint i = 0; i < g_list_model_get_n_items (G_LIST_MODEL (self->clusters)); i++)
    {
      g_autoptr (PgmClusterItem) item = g_list_model_get_item (G_LIST_MODEL (self->clusters), i);

      ask_nodes (self, item);
    }
}

/* ---- clusters ------------------------------------------------------------------- */

static gboolean
is_listed (const GPtrArray *clusters, const char *id)
{
  for (guint i = 0; i < clusters->len; i++)
    if (g_strcmp0 (((PgmCluster *) g_ptr_array_index (clusters, i))->id, id) == 0)
      return TRUE;
  return FALSE;
}

static void
take_cluster (PgmInventory *self, PgmCluster *cluster)
{
  PgmClusterItem *item = pgm_inventory_find_cluster (self, cluster->id);
  g_autoptr (PgmClusterItem) added = NULL;

  if (item != NULL)
    {
      pgm_cluster_item_set_cluster (item, cluster);
      return;
    }
  added = pgm_cluster_item_new (cluster);
  g_list_store_append (self->clusters, added);
}

/* Items stay where their clusters do. */
static void
take_clusters (PgmInventory *self, GPtrArray *clusters)
{
  for (guint i = g_list_model_get_n_items (G_LIST_MODEL (self->clusters)); i-- > 0;)
    {
      g_autoptr (PgmClusterItem) item = g_list_model_get_item (G_LIST_MODEL (self->clusters), i);

      if (!is_listed (clusters, pgm_cluster_item_get_id (item)))
        g_list_store_remove (self->clusters, i);
    }
  for (guint i = 0; i < clusters->len; i++)
    take_cluster (self, g_ptr_array_index (clusters, i));
}

static void
on_clusters (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (PgmInventory) self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) clusters = pgm_engine_ask_finish (PGM_ENGINE (source), result, &error);

  if (g_cancellable_is_cancelled (self->cancellable))
    return;
  self->listing = FALSE;
  g_clear_error (&self->error);
  if (clusters != NULL)
    {
      self->loaded = TRUE;
      take_clusters (self, clusters);
      ask_all_nodes (self);
    }
  else
    self->error = g_steal_pointer (&error);
  g_signal_emit (self, signals[CHANGED], 0);
  if (self->list_again)
    list_clusters (self);
}

static void
list_clusters (PgmInventory *self)
{
  self->list_again = self->listing;
  if (self->listing)
    return;
  self->listing = TRUE;
  pgm_engine_ask_async (self->engine, PGM_ASK_LIST_CLUSTERS, NULL, NULL, self->cancellable,
                        on_clusters, g_object_ref (self));
}

void
pgm_inventory_put_cluster (PgmInventory *self, PgmCluster *cluster)
{
  take_cluster (self, cluster);
  ask_nodes (self, pgm_inventory_find_cluster (self, cluster->id));
  g_signal_emit (self, signals[CHANGED], 0);
}

void
pgm_inventory_drop_cluster (PgmInventory *self, const char *id)
{
  guint position;

  if (find_item (self->clusters, id, &position) == NULL)
    return;
  g_list_store_remove (self->clusters, position);
  g_signal_emit (self, signals[CHANGED], 0);
}

/* ---- jobs ----------------------------------------------------------------------- */

/* Running ones first, then what began last: as the engine lists them otherwise. */
static int
compare_jobs (gconstpointer a, gconstpointer b, gpointer user_data)
{
  const PgmJobInfo *left = pgm_job_item_get_info (PGM_JOB_ITEM ((gpointer) (guintptr) a));
  const PgmJobInfo *right = pgm_job_item_get_info (PGM_JOB_ITEM ((gpointer) (guintptr) b));
  gboolean left_runs = left->status == PGM_JOB_RUNNING;
  gboolean right_runs = right->status == PGM_JOB_RUNNING;

  if (left_runs != right_runs)
    return left_runs ? -1 : 1;
  return left->started_at > right->started_at ? -1 : left->started_at < right->started_at;
}

static void
take_job (PgmInventory *self, PgmJobInfo *info)
{
  PgmJobItem *item = pgm_inventory_find_job (self, info->id);
  g_autoptr (PgmJobItem) added = NULL;
  gboolean was_running;

  if (item == NULL)
    {
      added = pgm_job_item_new (info);
      g_list_store_insert_sorted (self->jobs, added, compare_jobs, NULL);
      return;
    }
  was_running = pgm_job_item_is_running (item);
  pgm_job_item_set_info (item, info);
  if (was_running && !pgm_job_item_is_running (item))
    g_signal_emit (self, signals[JOB_ENDED], 0, item);
}

static gboolean
is_job_listed (const GPtrArray *jobs, const char *id)
{
  for (guint i = 0; i < jobs->len; i++)
    if (g_strcmp0 (((PgmJobInfo *) g_ptr_array_index (jobs, i))->id, id) == 0)
      return TRUE;
  return FALSE;
}

/* A preflight changes nothing, and its result stands where it was asked for. */
static gboolean
is_rehearsal (const PgmJobInfo *info)
{
  return info->spec != NULL && info->spec->clone != NULL && info->spec->clone->dry_run;
}

static void
take_jobs (PgmInventory *self, GPtrArray *jobs)
{
  for (guint i = g_list_model_get_n_items (G_LIST_MODEL (self->jobs)); i-- > 0;)
    {
      g_autoptr (PgmJobItem) item = g_list_model_get_item (G_LIST_MODEL (self->jobs), i);

      if (!is_job_listed (jobs, pgm_job_item_get_id (item)))
        g_list_store_remove (self->jobs, i);
    }
  for (guint i = 0; i < jobs->len; i++)
    if (!is_rehearsal (g_ptr_array_index (jobs, i)))
      take_job (self, g_ptr_array_index (jobs, i));
  g_list_store_sort (self->jobs, compare_jobs, NULL);
}

static void
on_jobs (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (PgmInventory) self = user_data;
  g_autoptr (GPtrArray) jobs = pgm_engine_list_jobs_finish (PGM_ENGINE (source), result, NULL);

  if (g_cancellable_is_cancelled (self->cancellable))
    return;
  self->listing_jobs = FALSE;
  /* Why there is no answer, the list of clusters tells. */
  if (jobs != NULL)
    {
      take_jobs (self, jobs);
      g_signal_emit (self, signals[CHANGED], 0);
    }
  if (self->list_jobs_again)
    pgm_inventory_refresh_jobs (self);
}

void
pgm_inventory_refresh_jobs (PgmInventory *self)
{
  self->list_jobs_again = self->listing_jobs;
  if (self->listing_jobs)
    return;
  self->listing_jobs = TRUE;
  pgm_engine_list_jobs_async (self->engine, self->cancellable, on_jobs, g_object_ref (self));
}

static void
on_engine_snapshot (PgmEngine *engine,
                    const char *job_id,
                    PgmSnapshot *snapshot,
                    PgmInventory *self)
{
  PgmJobItem *item = pgm_inventory_find_job (self, job_id);

  if (item != NULL)
    pgm_job_item_set_snapshot (item, snapshot);
  if (item == NULL || !pgm_job_item_is_running (item))
    pgm_inventory_refresh_jobs (self);
}

static void
on_engine_finished (PgmEngine *engine, const char *job_id, PgmReport *report, PgmInventory *self)
{
  PgmJobItem *item = pgm_inventory_find_job (self, job_id);
  PgmJobInfo *ended;

  /* told at once: who closes the window now leaves nothing running behind */
  if (item != NULL && pgm_job_item_is_running (item))
    {
      ended = pgm_record_copy (pgm_job_item_get_info (item));
      pgm_job_info_set_report (ended, report);
      take_job (self, ended);
      pgm_record_unref (ended);
      g_signal_emit (self, signals[CHANGED], 0);
    }
  pgm_inventory_refresh_jobs (self);
}

/* ---- when ----------------------------------------------------------------------- */

static gboolean
on_look (gpointer user_data)
{
  PgmInventory *self = user_data;

  if (++self->looks % LIST_EVERY == 0 || !self->loaded)
    {
      list_clusters (self);
      pgm_inventory_refresh_jobs (self);
    }
  else
    ask_all_nodes (self);
  return G_SOURCE_CONTINUE;
}

static void
restart (PgmInventory *self)
{
  g_clear_handle_id (&self->timer, g_source_remove);
  if (self->watching)
    self->timer = g_timeout_add_seconds (self->interval, on_look, self);
}

void
pgm_inventory_set_interval (PgmInventory *self, guint seconds)
{
  self->interval = MAX (1, seconds);
  restart (self);
}

void
pgm_inventory_set_watching (PgmInventory *self, gboolean watching)
{
  if (self->watching == watching)
    return;
  self->watching = watching;
  restart (self);
  if (watching)
    pgm_inventory_refresh (self);
}

void
pgm_inventory_refresh (PgmInventory *self)
{
  list_clusters (self);
  pgm_inventory_refresh_jobs (self);
}
