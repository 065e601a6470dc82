#include "app/logs-page.h"

#include "app/shell-page.h"
#include "app/state-view.h"
#include "core/i18n.h"

/* Of so many jobs, those that began last, the history is read. */
#define MAX_JOBS 50

struct _PgmLogsPage
{
  AdwBin parent_instance;
  PgmInventory *inventory;
  PgmStateView *state_view;
  PgmMigrationLog *log;
  GHashTable *told;     /* job id → Told */
  GPtrArray *collected; /* Line: while histories are being read */
  GCancellable *cancellable;
  guint awaited;
  gboolean loaded;
};

static void pgm_logs_page_shell_page_init (PgmShellPageInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (PgmLogsPage,
                               pgm_logs_page,
                               ADW_TYPE_BIN,
                               G_IMPLEMENT_INTERFACE (PGM_TYPE_SHELL_PAGE,
                                                      pgm_logs_page_shell_page_init))

/* ---- none twice ------------------------------------------------------------------ */

/* How far a job has been told: snapshots overlap. An event is known by its time and, at
 * one time, by its words. */
typedef struct
{
  gint64 time;
  GHashTable *messages;
} Told;

static void
told_free (gpointer data)
{
  Told *told = data;

  g_hash_table_unref (told->messages);
  g_free (told);
}

static Told *
get_told (PgmLogsPage *self, const char *job_id)
{
  Told *told = g_hash_table_lookup (self->told, job_id);

  if (told != NULL)
    return told;
  told = g_new0 (Told, 1);
  told->messages = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_hash_table_insert (self->told, g_strdup (job_id), told);
  return told;
}

static gboolean
is_new (Told *told, const PgmEvent *event)
{
  if (event->time < told->time)
    return FALSE;
  if (event->time > told->time)
    g_hash_table_remove_all (told->messages);
  told->time = event->time;
  return g_hash_table_add (told->messages, g_strdup (event->message));
}

/* ---- history --------------------------------------------------------------------- */

typedef struct
{
  char *subject;
  PgmEvent *event;
} Line;

static void
line_free (gpointer data)
{
  Line *line = data;

  g_free (line->subject);
  pgm_record_unref (line->event);
  g_free (line);
}

static int
compare_lines (gconstpointer a, gconstpointer b)
{
  const Line *left = *(Line *const *) a, *right = *(Line *const *) b;

  return left->event->time < right->event->time ? -1 : left->event->time > right->event->time;
}

/* Neighbours of one job go in together. */
static void
show_collected (PgmLogsPage *self)
{
  g_ptr_array_sort (self->collected, compare_lines);
  for (guint i = 0; i < self->collected->len;)
    {
      const Line *first = g_ptr_array_index (self->collected, i);
      g_autoptr (GPtrArray) events = g_ptr_array_new ();

      for (; i < self->collected->len; i++)
        {
          const Line *line = g_ptr_array_index (self->collected, i);

          if (g_strcmp0 (line->subject, first->subject) != 0)
            break;
          g_ptr_array_add (events, line->event);
        }
      pgm_migration_log_append (self->log, first->subject, events);
    }
  g_ptr_array_set_size (self->collected, 0);
}

typedef struct
{
  PgmLogsPage *page;
  char *job_id;
  char *subject;
} Call;

static void
call_free (Call *self)
{
  g_object_unref (self->page);
  g_free (self->job_id);
  g_free (self->subject);
  g_free (self);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Call, call_free)

static void
finish_loading (PgmLogsPage *self)
{
  GListModel *jobs = pgm_inventory_get_jobs (self->inventory);

  show_collected (self);
  self->loaded = TRUE;
  pgm_state_view_show_ready (self->state_view, g_list_model_get_n_items (jobs) > 0);
}

static void
on_events (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Call) call = user_data;
  PgmLogsPage *self = call->page;
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) events =
      pgm_engine_list_events_finish (PGM_ENGINE (source), result, &error);
  Told *told;

  if (g_cancellable_is_cancelled (self->cancellable))
    return;
  told = get_told (self, call->job_id);
  for (guint i = 0; events != NULL && i < events->len; i++)
    {
      Line *line;

      if (!is_new (told, g_ptr_array_index (events, i)))
        continue;
      line = g_new0 (Line, 1);
      line->subject = g_strdup (call->subject);
      line->event = pgm_record_ref (g_ptr_array_index (events, i));
      g_ptr_array_add (self->collected, line);
    }
  if (--self->awaited == 0)
    finish_loading (self);
}

static void
load (PgmLogsPage *self)
{
  GListModel *jobs = pgm_inventory_get_jobs (self->inventory);
  PgmEngine *engine = pgm_inventory_get_engine (self->inventory);
  guint n = MIN (MAX_JOBS, g_list_model_get_n_items (jobs));

  if (self->awaited > 0)
    return;
  self->awaited = n;
  for (guint i = 0; i < n; i++)
    {
      g_autoptr (PgmJobItem) item = g_list_model_get_item (jobs, i);
      Call *call = g_new0 (Call, 1);

      call->page = g_object_ref (self);
      call->job_id = g_strdup (pgm_job_item_get_id (item));
      call->subject = pgm_job_item_get_title (item);
      pgm_engine_list_events_async (engine, call->job_id, self->cancellable, on_events, call);
    }
  if (n == 0)
    finish_loading (self);
}

/* ---- what comes ------------------------------------------------------------------ */

static void
on_snapshot (PgmLogsPage *self, const char *job_id, PgmSnapshot *snapshot)
{
  PgmJobItem *item = pgm_inventory_find_job (self->inventory, job_id);
  Told *told = get_told (self, job_id);
  g_autoptr (GPtrArray) added = g_ptr_array_new ();
  g_autofree char *subject = item != NULL ? pgm_job_item_get_title (item) : g_strdup (job_id);

  if (!self->loaded)
    return; /* its history has it all the same */
  for (guint i = 0; i < snapshot->events->len; i++)
    if (is_new (told, g_ptr_array_index (snapshot->events, i)))
      g_ptr_array_add (added, g_ptr_array_index (snapshot->events, i));
  if (added->len == 0)
    return;
  pgm_migration_log_append (self->log, subject, added);
  pgm_state_view_show_ready (self->state_view, TRUE);
}

/* ---- the shell ------------------------------------------------------------------- */

static const char *
get_title (PgmShellPage *page)
{
  return _ ("Logs");
}

static void
refresh (PgmShellPage *page)
{
  load (PGM_LOGS_PAGE (page));
}

static gboolean
search (PgmShellPage *page)
{
  pgm_migration_log_search (PGM_LOGS_PAGE (page)->log);
  return TRUE;
}

static void
pgm_logs_page_shell_page_init (PgmShellPageInterface *iface)
{
  iface->get_title = get_title;
  iface->refresh = refresh;
  iface->search = search;
}

/* ---- life ------------------------------------------------------------------------ */

static void
pgm_logs_page_dispose (GObject *object)
{
  PgmLogsPage *self = PGM_LOGS_PAGE (object);

  g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->inventory);
  G_OBJECT_CLASS (pgm_logs_page_parent_class)->dispose (object);
}

static void
pgm_logs_page_finalize (GObject *object)
{
  PgmLogsPage *self = PGM_LOGS_PAGE (object);

  g_object_unref (self->cancellable);
  g_hash_table_unref (self->told);
  g_ptr_array_unref (self->collected);
  G_OBJECT_CLASS (pgm_logs_page_parent_class)->finalize (object);
}

static void
pgm_logs_page_class_init (PgmLogsPageClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = pgm_logs_page_dispose;
  G_OBJECT_CLASS (klass)->finalize = pgm_logs_page_finalize;
}

static void
pgm_logs_page_init (PgmLogsPage *self)
{
  self->cancellable = g_cancellable_new ();
  self->told = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, told_free);
  self->collected = g_ptr_array_new_with_free_func (line_free);
  self->log = g_object_new (PGM_TYPE_MIGRATION_LOG, NULL);
  self->state_view = pgm_state_view_new (GTK_WIDGET (self->log));
  pgm_state_view_set_empty (self->state_view, "pgm-logs-symbolic", _ ("No Jobs Yet"),
                            _ ("What migrations and comparisons tell will stand here."),
                            _ ("_New Migration"), "win.new-migration");
  adw_bin_set_child (ADW_BIN (self), GTK_WIDGET (self->state_view));
}

PgmLogsPage *
pgm_logs_page_new (PgmInventory *inventory)
{
  PgmLogsPage *self = g_object_new (PGM_TYPE_LOGS_PAGE, NULL);

  self->inventory = g_object_ref (inventory);
  g_signal_connect_object (pgm_inventory_get_engine (inventory), "snapshot",
                           G_CALLBACK (on_snapshot), self, G_CONNECT_SWAPPED);
  load (self);
  return self;
}

PgmMigrationLog *
pgm_logs_page_get_log (PgmLogsPage *self)
{
  return self->log;
}

gboolean
pgm_logs_page_is_loaded (PgmLogsPage *self)
{
  return self->loaded;
}
