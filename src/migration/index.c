#include "migration/index.h"

#include "migration/index-build.h"

/* From here on a table's indexes are tasks of their own. */
#define LARGE_TABLE (32 * 1024 * 1024)

/* Small tables whose indexes one transaction takes together. */
#define TABLES_TOGETHER 16

/* What one builder gets at least, in bytes. */
#define MEMORY_PER_WORKER G_GUINT64_CONSTANT (64 * 1024 * 1024)

typedef struct
{
  PgmTable *table;
  GPtrArray *items; /* of the plan */
  GPtrArray *made;  /* those whose index is there; under the pool's lock */
  guint left;       /* tasks not ended; under the pool's lock */
} LargeTable;

/* One index of a large table, or a small table with all of its indexes. */
typedef struct
{
  PgmTable *table;
  GPtrArray *items;
  PgmIndexItem *item; /* of @large */
  LargeTable *large;
} Task;

struct _PgmIndexPool
{
  PgmCloneContext *ctx;
  PgmIndexPlan *plan;
  guint workers;
  GCancellable *cancellable; /* fires with the caller's, on errors and at the end */
  GCancellable *outer;
  gulong outer_handler;

  GMutex lock;
  GCond changed;
  GQueue large;      /* Task, largest table first */
  GQueue small;      /* Task */
  GPtrArray *tables; /* LargeTable, all */
  GPtrArray *threads;
  guint n_copiers; /* that still copy */
  guint running;   /* tasks of large tables under way */
  guint hired;
  gboolean finishing;
  GError *error;
};

/* What a worker's session has been told to use. */
typedef struct
{
  PgmIndexBuilder builder;
  gboolean helper; /* only for the small tables that wait */
  guint64 memory;  /* bytes */
  gint64 parallel;
  /* wanted for the task at hand */
  guint64 wanted_memory;
  gint64 wanted_parallel;
} Worker;

static void
large_table_free (LargeTable *self)
{
  g_ptr_array_unref (self->made);
  g_free (self);
}

static guint64
total_memory (PgmIndexPool *self)
{
  return MAX ((guint64) self->ctx->ends->destination->maintenance_work_mem,
              MEMORY_PER_WORKER * self->workers);
}

/* How much of the destination a task of a large table may use. Processes go by
 * what is under way; memory too, but only once nothing more can come. */
static void
share_locked (PgmIndexPool *self, Worker *worker)
{
  guint under_way = CLAMP (self->running + g_queue_get_length (&self->large), 1, self->workers);
  gboolean all_known = self->finishing || self->n_copiers == 0;

  worker->wanted_memory = total_memory (self) / (all_known ? under_way : self->workers);
  worker->wanted_parallel = self->ctx->ends->destination->max_parallel_maintenance_workers /
                            (under_way + (self->finishing ? 0 : self->n_copiers));
}

static void
pool_fail (PgmIndexPool *self, GError *error)
{
  g_mutex_lock (&self->lock);
  if (self->error == NULL)
    self->error = g_error_copy (error);
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->lock);
  g_cancellable_cancel (self->cancellable);
}

/* One task of a large table, or several small tables. NULL: no more. */
static GPtrArray *
pool_take (PgmIndexPool *self, Worker *worker)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);
  GPtrArray *tasks;
  guint n;

  while (self->error == NULL && !g_cancellable_is_cancelled (self->cancellable) &&
         self->large.length == 0 && self->small.length == 0 && !self->finishing && !worker->helper)
    g_cond_wait (&self->changed, &self->lock);
  if (self->error != NULL || g_cancellable_is_cancelled (self->cancellable) ||
      (self->small.length == 0 && (self->large.length == 0 || worker->helper)))
    return NULL;
  tasks = g_ptr_array_new_with_free_func (g_free);
  if (self->large.length > 0 && !worker->helper)
    {
      g_ptr_array_add (tasks, g_queue_pop_head (&self->large));
      self->running++;
      share_locked (self, worker);
      return tasks;
    }
  worker->wanted_memory = total_memory (self) / self->workers;
  worker->wanted_parallel = 0;
  n = CLAMP (self->small.length / self->threads->len, 1, TABLES_TOGETHER);
  for (guint i = 0; i < n; i++)
    g_ptr_array_add (tasks, g_queue_pop_head (&self->small));
  return tasks;
}

static gboolean
worker_adjust (Worker *self, GCancellable *cancellable, GError **error)
{
  if (self->memory == self->wanted_memory && self->parallel == self->wanted_parallel)
    return TRUE;
  self->memory = self->wanted_memory;
  self->parallel = self->wanted_parallel;
  return pgm_connection_execf (self->builder.destination, cancellable, error,
                               "SET maintenance_work_mem = '%" G_GUINT64_FORMAT "kB';"
                               " SET max_parallel_maintenance_workers = %" G_GINT64_FORMAT,
                               self->memory / 1024, self->parallel);
}

static gboolean
build_small (PgmIndexPool *self, Worker *worker, GPtrArray *tasks, GError **error)
{
  g_autoptr (GPtrArray) items = g_ptr_array_new ();

  for (guint i = 0; i < tasks->len; i++)
    {
      Task *task = g_ptr_array_index (tasks, i);

      for (guint j = 0; j < task->items->len; j++)
        g_ptr_array_add (items, g_ptr_array_index (task->items, j));
    }
  return pgm_index_build_items (&worker->builder, items, self->cancellable, error);
}

/* TRUE for whoever ends the last task of the table. */
static gboolean
end_task (PgmIndexPool *self, Task *task, gboolean made)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  if (task->item != NULL && made)
    g_ptr_array_add (task->large->made, task->item);
  return --task->large->left == 0;
}

/* Those that are no plain index first are only made now: they lock the table. */
static void
add_direct_items (LargeTable *large)
{
  for (guint i = 0; i < large->items->len; i++)
    {
      PgmIndexItem *item = g_ptr_array_index (large->items, i);

      if (item->index->constraint_name != NULL && !pgm_index_item_is_splittable (item))
        g_ptr_array_add (large->made, item);
    }
}

static gboolean
build_large (PgmIndexPool *self, Worker *worker, Task *task, GError **error)
{
  LargeTable *large = task->large;
  gboolean made = FALSE;
  gboolean ok = TRUE;

  if (task->item != NULL)
    {
      pgm_progress_set_activity (self->ctx->progress, "building %s", task->item->index->name);
      ok = pgm_index_build_alone (&worker->builder, task->item, &made, self->cancellable, error);
    }
  if (end_task (self, task, made))
    {
      add_direct_items (large);
      ok = ok && pgm_index_build_finish (&worker->builder, large->made, self->cancellable, error);
    }
  return ok;
}

static gboolean
worker_build (PgmIndexPool *self, Worker *worker, GPtrArray *tasks, GError **error)
{
  Task *first = g_ptr_array_index (tasks, 0);
  gboolean ok = worker_adjust (worker, self->cancellable, error);

  if (first->large == NULL)
    {
      gboolean alone = first->table->bytes >= LARGE_TABLE;

      ok = ok && build_small (self, worker, tasks, error);
      if (!alone)
        return ok;
    }
  else
    ok = ok && build_large (self, worker, first, error);
  g_mutex_lock (&self->lock);
  self->running--;
  g_mutex_unlock (&self->lock);
  return ok;
}

static PgmConnection *
worker_connect (PgmIndexPool *self, GError **error)
{
  g_autoptr (PgmConnection) destination = NULL;
  g_autofree char *role = NULL;

  g_mutex_lock (&self->lock);
  role = g_strdup_printf ("index-%u", ++self->hired);
  g_mutex_unlock (&self->lock);
  destination =
      pgm_ends_connect (self->ctx->ends, PGM_END_DESTINATION, role, self->cancellable, error);
  /* What a crash of the server takes away is found missing by --resume; the
   * clone's last commits are synchronous and make these durable with them. */
  if (destination == NULL ||
      !pgm_connection_exec (destination,
                            "SET synchronous_commit = off; SET default_tablespace = ''",
                            self->cancellable, error))
    return NULL;
  return g_steal_pointer (&destination);
}

static void
work (PgmIndexPool *self, gboolean helper)
{
  g_autoptr (PgmConnection) destination = NULL;
  g_autoptr (GError) error = NULL;
  Worker worker = { .builder = { self->ctx, self->plan, NULL }, .helper = helper, .parallel = -1 };
  gboolean ok = TRUE;

  while (ok)
    {
      g_autoptr (GPtrArray) tasks = pool_take (self, &worker);

      if (tasks == NULL)
        break;
      if (destination == NULL)
        worker.builder.destination = destination = worker_connect (self, &error);
      ok = destination != NULL && worker_build (self, &worker, tasks, &error);
    }
  if (!ok)
    pool_fail (self, error);
}

static gpointer
worker_thread (gpointer data)
{
  work (data, FALSE);
  return NULL;
}

static gpointer
helper_thread (gpointer data)
{
  work (data, TRUE);
  return NULL;
}

static void
wake_up (PgmIndexPool *self)
{
  g_mutex_lock (&self->lock);
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->lock);
}

static void
on_outer_cancelled (GCancellable *cancellable, PgmIndexPool *self)
{
  g_cancellable_cancel (self->cancellable);
  wake_up (self);
}

static PgmIndexPlan *
read_plan (PgmCloneContext *ctx, GCancellable *cancellable, GError **error)
{
  g_autoptr (PgmConnection) source =
      pgm_ends_connect (ctx->ends, PGM_END_SOURCE, "index", cancellable, error);
  g_autoptr (PgmConnection) destination = NULL;

  if (source == NULL)
    return NULL;
  destination = pgm_ends_connect (ctx->ends, PGM_END_DESTINATION, "index", cancellable, error);
  return destination != NULL ? pgm_index_plan_read (ctx, source, destination, cancellable, error)
                             : NULL;
}

PgmIndexPool *
pgm_index_pool_new (PgmCloneContext *ctx,
                    guint workers,
                    guint n_copiers,
                    GCancellable *cancellable,
                    GError **error)
{
  PgmIndexPlan *plan = read_plan (ctx, cancellable, error);
  PgmIndexPool *self;

  if (plan == NULL)
    return NULL;
  self = g_new0 (PgmIndexPool, 1);
  self->ctx = ctx;
  self->plan = plan;
  self->workers = MAX (workers, 1);
  self->n_copiers = n_copiers;
  self->cancellable = g_cancellable_new ();
  g_mutex_init (&self->lock);
  g_cond_init (&self->changed);
  g_queue_init (&self->large);
  g_queue_init (&self->small);
  pgm_progress_set_indexes (ctx->progress, pgm_index_plan_count (plan));
  if (cancellable != NULL)
    {
      self->outer = g_object_ref (cancellable);
      self->outer_handler =
          g_cancellable_connect (cancellable, G_CALLBACK (on_outer_cancelled), self, NULL);
    }
  self->tables = g_ptr_array_new_with_free_func ((GDestroyNotify) large_table_free);
  self->threads = g_ptr_array_new ();
  for (guint i = 0; i < self->workers; i++)
    g_ptr_array_add (self->threads, g_thread_new ("index", worker_thread, self));
  return self;
}

static void
join_threads (PgmIndexPool *self)
{
  for (guint i = 0; i < self->threads->len; i++)
    g_thread_join (g_ptr_array_index (self->threads, i));
  g_ptr_array_set_size (self->threads, 0);
}

void
pgm_index_pool_free (PgmIndexPool *self)
{
  if (self == NULL)
    return;
  if (self->outer != NULL)
    g_cancellable_disconnect (self->outer, self->outer_handler);
  g_cancellable_cancel (self->cancellable);
  wake_up (self);
  join_threads (self);
  g_queue_clear_full (&self->large, g_free);
  g_queue_clear_full (&self->small, g_free);
  g_clear_object (&self->outer);
  g_object_unref (self->cancellable);
  g_ptr_array_unref (self->threads);
  g_ptr_array_unref (self->tables);
  pgm_index_plan_free (self->plan);
  g_mutex_clear (&self->lock);
  g_cond_clear (&self->changed);
  g_clear_error (&self->error);
  g_free (self);
}

static gint
compare_size (gconstpointer a, gconstpointer b, gpointer data)
{
  const Task *one = a, *other = b;

  return one->table->bytes > other->table->bytes ? -1 : one->table->bytes < other->table->bytes;
}

static Task *
task_new (PgmTable *table, GPtrArray *items)
{
  Task *task = g_new0 (Task, 1);

  task->table = table;
  task->items = items;
  return task;
}

static void
add_large_locked (PgmIndexPool *self, PgmTable *table, GPtrArray *items)
{
  LargeTable *large = g_new0 (LargeTable, 1);

  large->table = table;
  large->items = items;
  large->made = g_ptr_array_new ();
  g_ptr_array_add (self->tables, large);
  for (guint i = 0; i < items->len; i++)
    {
      PgmIndexItem *item = g_ptr_array_index (items, i);
      Task *task;

      if (item->index->constraint_name != NULL && !pgm_index_item_is_splittable (item))
        continue;
      task = task_new (table, items);
      task->large = large;
      task->item = item;
      large->left++;
      g_queue_insert_sorted (&self->large, task, compare_size, NULL);
    }
  if (large->left == 0)
    {
      Task *task = task_new (table, items);

      task->large = large;
      large->left = 1;
      g_queue_insert_sorted (&self->large, task, compare_size, NULL);
    }
}

void
pgm_index_pool_add_table (PgmIndexPool *self, PgmTable *table)
{
  GPtrArray *items = pgm_index_plan_items (self->plan, table);

  if (items->len == 0 || table->kind != 'r')
    return;
  g_mutex_lock (&self->lock);
  if (table->bytes < LARGE_TABLE)
    g_queue_push_tail (&self->small, task_new (table, items));
  else if (items->len == 1)
    g_queue_insert_sorted (&self->large, task_new (table, items), compare_size, NULL);
  else
    add_large_locked (self, table, items);
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->lock);
}

void
pgm_index_pool_copier_done (PgmIndexPool *self)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  if (self->n_copiers > 0)
    self->n_copiers--;
  if (self->small.length > TABLES_TOGETHER && !self->finishing)
    g_ptr_array_add (self->threads, g_thread_new ("index-helper", helper_thread, self));
}

gboolean
pgm_index_pool_has_failed (PgmIndexPool *self)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  return self->error != NULL;
}

static gboolean
finish_threads (PgmIndexPool *self, GCancellable *cancellable, GError **error)
{
  gulong handler = 0;

  if (cancellable != NULL && cancellable != self->outer)
    handler = g_cancellable_connect (cancellable, G_CALLBACK (on_outer_cancelled), self, NULL);
  g_mutex_lock (&self->lock);
  self->finishing = TRUE;
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->lock);
  join_threads (self);
  if (handler != 0)
    g_cancellable_disconnect (cancellable, handler);
  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    return FALSE;
  if (self->error == NULL)
    return !g_cancellable_set_error_if_cancelled (self->cancellable, error);
  g_propagate_error (error, g_error_copy (self->error));
  return FALSE;
}

gboolean
pgm_index_pool_finish (PgmIndexPool *self, GCancellable *cancellable, GError **error)
{
  PgmIndexBuilder builder = { self->ctx, self->plan, NULL };
  g_autoptr (PgmConnection) destination = NULL;

  if (!finish_threads (self, cancellable, error))
    return FALSE;
  builder.destination = destination = worker_connect (self, error);
  return destination != NULL && pgm_index_build_partitioned (&builder, cancellable, error);
}

char *
pgm_index_pool_table_sql (PgmIndexPool *self, PgmTable *table)
{
  GPtrArray *items = pgm_index_plan_items (self->plan, table);
  GString *sql = g_string_new (NULL);

  for (guint i = 0; i < items->len; i++)
    pgm_index_item_append_whole (g_ptr_array_index (items, i), sql);
  return g_string_free (sql, FALSE);
}

void
pgm_index_pool_table_built (PgmIndexPool *self, PgmTable *table)
{
  GPtrArray *items = pgm_index_plan_items (self->plan, table);

  for (guint i = 0; i < items->len; i++)
    pgm_index_build_count (self->ctx, g_ptr_array_index (items, i));
}

gboolean
pgm_index_pool_build_table (PgmIndexPool *self,
                            PgmConnection *destination,
                            PgmTable *table,
                            GCancellable *cancellable,
                            GError **error)
{
  PgmIndexBuilder builder = { self->ctx, self->plan, destination };
  GPtrArray *items = pgm_index_plan_items (self->plan, table);

  return items->len == 0 || pgm_index_build_items (&builder, items, cancellable, error);
}
