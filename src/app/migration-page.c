#include "app/migration-page.h"

#include "app/cluster-item.h"
#include "app/confirm.h"
#include "app/migration-header.h"
#include "app/migration-report.h"
#include "app/migration-words.h"
#include "app/save-file.h"
#include "app/shell-page.h"
#include "app/text.h"
#include "core/i18n.h"
#include "core/text.h"
#include "core/units.h"

/* Pictures come twice a second; after this long without one what is shown is old. */
#define STALE_US        (5 * G_USEC_PER_SEC)
#define STALE_LOOK_SECS 1

struct _PgmMigrationPage
{
  AdwBin parent_instance;
  AdwToastOverlay *toasts;
  GtkStack *pages;
  AdwStatusPage *missing_page;
  AdwViewStack *tabs;
  PgmMigrationHeader *header;
  PgmMigrationOverview *overview;
  PgmMigrationTables *tables;
  PgmMigrationLog *log;
  AdwBin *cutover_bin;
  PgmCutoverView *cutover; /* NULL until it is looked at */

  PgmEngine *engine;
  char *job_id;
  char *title;
  char *subtitle;
  PgmJobInfo *info;
  PgmSnapshot *snapshot;
  PgmReport *report;
  GPtrArray *cutovers;      /* PgmCutoverReport: those that are over */
  AdwMessageDialog *dialog; /* weak */
  GCancellable *cancellable;
  gint64 seen_at; /* monotonic, of the newest snapshot */
  int fence;      /* what a cutover will propose */
  gboolean keep_way_back;
  char *source_name;
  char *destination_name;
  gboolean source_protected;
  gboolean destination_protected;
  guint stale_source;
  gboolean shows_old; /* the newest snapshot has not been shown yet */
};

static void pgm_migration_page_shell_page_init (PgmShellPageInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (PgmMigrationPage,
                               pgm_migration_page,
                               ADW_TYPE_BIN,
                               G_IMPLEMENT_INTERFACE (PGM_TYPE_SHELL_PAGE,
                                                      pgm_migration_page_shell_page_init))

static void
toast (PgmMigrationPage *self, const char *text)
{
  g_autofree char *plain = pgm_display_text (text);
  g_autofree char *escaped = g_markup_escape_text (plain, -1);

  adw_toast_overlay_add_toast (self->toasts, adw_toast_new (escaped));
}

/* ---- what may be done ---- */

static gboolean
may_ask (PgmMigrationPage *self, PgmRequestKind kind)
{
  const PgmSnapshot *snapshot = self->snapshot;

  return self->report == NULL && snapshot != NULL && snapshot->requests != NULL &&
         g_strv_contains ((const char *const *) snapshot->requests, pgm_request_kind_names[kind]);
}

/* A job that ended before its time and can go on from there. */
static gboolean
may_go_on (PgmMigrationPage *self)
{
  if (self->info == NULL || self->info->spec == NULL)
    return FALSE;
  if (self->report != NULL)
    return self->report->resumable && (self->report->outcome == PGM_OUTCOME_FAILED ||
                                       self->report->outcome == PGM_OUTCOME_INTERRUPTED ||
                                       self->report->outcome == PGM_OUTCOME_REFUSED);
  return self->info->status == PGM_JOB_LOST;
}

/* What a job that followed has left behind can be removed after its end, too. */
static gboolean
may_clean_up (PgmMigrationPage *self)
{
  if (may_ask (self, PGM_REQUEST_CLEANUP))
    return TRUE;
  return may_go_on (self);
}

static void
enable (PgmMigrationPage *self, const char *action, gboolean enabled)
{
  gtk_widget_action_set_enabled (GTK_WIDGET (self), action, enabled);
}

static void
show_actions (PgmMigrationPage *self)
{
  gboolean running = self->report == NULL && self->snapshot != NULL;
  gboolean paused = may_ask (self, PGM_REQUEST_RESUME);
  gboolean follows =
      self->info != NULL && self->info->spec != NULL && (self->info->spec->follow != NULL);
  gboolean cuts = may_ask (self, PGM_REQUEST_SWITCHOVER) ||
                  may_ask (self, PGM_REQUEST_SWITCHOVER_BACK) ||
                  may_ask (self, PGM_REQUEST_SWITCHOVER_CANCEL);

  enable (self, "migration.pause", may_ask (self, PGM_REQUEST_PAUSE));
  enable (self, "migration.resume", paused);
  enable (self, "migration.verify", may_ask (self, PGM_REQUEST_VERIFY));
  enable (self, "migration.cut-over", cuts);
  enable (self, "migration.stop", running);
  enable (self, "migration.clean-up", may_clean_up (self));
  enable (self, "migration.go-on", may_go_on (self));
  enable (self, "migration.copy-report", self->snapshot != NULL || self->report != NULL);
  enable (self, "migration.save-text", self->snapshot != NULL || self->report != NULL);
  enable (self, "migration.save-json", self->snapshot != NULL || self->report != NULL);
  pgm_migration_header_show_button (self->header, PGM_BUTTON_PAUSE, running && follows && !paused);
  pgm_migration_header_show_button (self->header, PGM_BUTTON_RESUME, paused);
  pgm_migration_header_show_button (self->header, PGM_BUTTON_VERIFY, running && follows);
  pgm_migration_header_show_button (self->header, PGM_BUTTON_CUT_OVER, running && follows);
  pgm_migration_header_show_button (self->header, PGM_BUTTON_GO_ON, may_go_on (self));
  pgm_migration_header_set_back (
      self->header, self->snapshot != NULL && pgm_words_belongs_to_destination (self->snapshot));
}

/* Only what can be seen; the rest when it is. */
static void
show_snapshot (PgmMigrationPage *self)
{
  if (self->snapshot == NULL)
    return;
  self->shows_old = !gtk_widget_get_mapped (GTK_WIDGET (self));
  pgm_migration_tables_update (self->tables, self->snapshot);
  if (self->shows_old)
    return;
  pgm_migration_strip_show (pgm_migration_page_get_strip (self), self->snapshot);
  pgm_migration_overview_show (self->overview, self->snapshot);
  if (self->report == NULL)
    {
      pgm_migration_header_show (self->header, self->snapshot);
      if (self->cutover != NULL)
        pgm_cutover_view_show (self->cutover, self->snapshot);
    }
  show_actions (self);
}

/* ---- what comes ---- */

/* Each cutover that is over, once. */
static void
keep_cutover (PgmMigrationPage *self, PgmCutoverReport *cutover)
{
  const PgmCutoverReport *last =
      self->cutovers->len > 0 ? g_ptr_array_index (self->cutovers, self->cutovers->len - 1) : NULL;

  if (!pgm_words_cutover_is_over (cutover) ||
      (last != NULL && last->started_at >= cutover->started_at))
    return;
  g_ptr_array_add (self->cutovers, pgm_record_ref (cutover));
}

static void
take_snapshot (PgmMigrationPage *self, PgmSnapshot *snapshot)
{
  pgm_record_ref (snapshot);
  g_clear_pointer (&self->snapshot, pgm_record_unref);
  self->snapshot = snapshot;
  self->seen_at = g_get_monotonic_time ();
  pgm_migration_overview_set_age (self->overview, 0);
  pgm_migration_overview_record (self->overview, snapshot);
  pgm_migration_log_add (self->log, snapshot->events);
  keep_cutover (self, snapshot->cutover);
  gtk_stack_set_visible_child_name (self->pages, "main");
  show_snapshot (self);
}

static void
take_report (PgmMigrationPage *self, PgmReport *report)
{
  pgm_record_ref (report);
  g_clear_pointer (&self->report, pgm_record_unref);
  self->report = report;
  keep_cutover (self, report->cutover);
  gtk_stack_set_visible_child_name (self->pages, "main");
  if (self->snapshot != NULL)
    pgm_migration_strip_show (pgm_migration_page_get_strip (self), self->snapshot);
  pgm_migration_overview_set_report (self->overview, report);
  if (self->cutover != NULL)
    pgm_cutover_view_end (self->cutover, report);
  pgm_migration_header_end (self->header, report);
  show_actions (self);
}

static void
on_snapshot (PgmEngine *engine, const char *job_id, PgmSnapshot *snapshot, PgmMigrationPage *self)
{
  if (g_strcmp0 (job_id, self->job_id) == 0 && self->report == NULL)
    take_snapshot (self, snapshot);
}

static void
on_finished (PgmEngine *engine, const char *job_id, PgmReport *report, PgmMigrationPage *self)
{
  if (g_strcmp0 (job_id, self->job_id) == 0)
    take_report (self, report);
}

static gboolean
look_at_age (gpointer user_data)
{
  PgmMigrationPage *self = user_data;
  gint64 age = g_get_monotonic_time () - self->seen_at;

  if (self->report == NULL && self->seen_at != 0 && age > STALE_US)
    pgm_migration_overview_set_age (self->overview, (double) age / G_USEC_PER_SEC);
  return G_SOURCE_CONTINUE;
}

/* ---- what is asked at the beginning ---- */

static void
on_events (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (PgmMigrationPage) self = user_data;
  g_autoptr (GPtrArray) events = pgm_engine_list_events_finish (PGM_ENGINE (source), result, NULL);

  /* Older ones have to stand before those that have come meanwhile. */
  if (events == NULL)
    return;
  pgm_migration_log_clear (self->log);
  pgm_migration_log_add (self->log, events);
  if (self->snapshot != NULL)
    pgm_migration_log_add (self->log, self->snapshot->events);
}

/* An engine that keeps no history has none to show: the graphs begin here. */
static void
on_metrics (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (PgmMigrationPage) self = user_data;
  GPtrArray *points = pgm_engine_ask_finish (PGM_ENGINE (source), result, NULL);

  if (points == NULL)
    return;
  pgm_migration_overview_add_history (self->overview, points);
  pgm_question_free_answer (PGM_ASK_READ_METRICS, points);
}

static PgmCluster *
find_cluster (GPtrArray *clusters, const PgmEndpoint *end)
{
  for (guint i = 0; end != NULL && end->cluster != NULL && i < clusters->len; i++)
    if (g_strcmp0 (((PgmCluster *) g_ptr_array_index (clusters, i))->id, end->cluster) == 0)
      return g_ptr_array_index (clusters, i);
  return NULL;
}

static const char *
name_end (PgmCluster *cluster, const char *described, gboolean *is_protected)
{
  g_autoptr (PgmClusterItem) item = cluster != NULL ? pgm_cluster_item_new (cluster) : NULL;

  *is_protected = item != NULL && pgm_cluster_item_is_protected (item);
  return cluster != NULL && cluster->name != NULL ? cluster->name : described;
}

static void
set_ends (PgmMigrationPage *self,
          const char *source,
          gboolean source_protected,
          const char *destination,
          gboolean destination_protected)
{
  g_free (self->source_name);
  g_free (self->destination_name);
  self->source_name = g_strdup (source);
  self->destination_name = g_strdup (destination);
  self->source_protected = source_protected;
  self->destination_protected = destination_protected;
  if (self->cutover != NULL)
    pgm_cutover_view_set_ends (self->cutover, source, source_protected, destination,
                               destination_protected);
}

static void
on_clusters (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (PgmMigrationPage) self = user_data;
  GPtrArray *clusters = pgm_engine_ask_finish (PGM_ENGINE (source), result, NULL);
  const PgmJobSpec *spec = self->info != NULL ? self->info->spec : NULL;
  gboolean source_protected, destination_protected;
  const char *from, *to;

  if (clusters != NULL && spec != NULL)
    {
      from =
          name_end (find_cluster (clusters, spec->source), self->info->source, &source_protected);
      to = name_end (find_cluster (clusters, spec->destination), self->info->destination,
                     &destination_protected);
      set_ends (self, from, source_protected, to, destination_protected);
    }
  if (clusters != NULL)
    pgm_question_free_answer (PGM_ASK_LIST_CLUSTERS, clusters);
}

static PgmStripKind
strip_kind (const PgmJobInfo *info)
{
  if (g_strcmp0 (info->kind, pgm_job_kind_names[PGM_JOB_COMPARE]) == 0)
    return PGM_STRIP_COMPARE;
  if (g_strcmp0 (info->kind, pgm_job_kind_names[PGM_JOB_FOLLOW]) == 0)
    return PGM_STRIP_CHANGES;
  return info->spec != NULL && info->spec->follow != NULL ? PGM_STRIP_FOLLOW : PGM_STRIP_CLONE;
}

static void
take_info (PgmMigrationPage *self, PgmJobInfo *info)
{
  PgmReport *report = NULL;

  pgm_record_ref (info);
  g_clear_pointer (&self->info, pgm_record_unref);
  self->info = info;
  pgm_migration_strip_set_kind (pgm_migration_page_get_strip (self), strip_kind (info));
  pgm_migration_overview_set_info (self->overview, info);
  set_ends (self, info->source, FALSE, info->destination, FALSE);
  if (info->plan != NULL)
    pgm_migration_page_set_cutover_defaults (self, info->plan->fence, info->plan->fallback);
  g_free (self->subtitle);
  self->subtitle = g_strdup_printf ("%s → %s", info->source != NULL ? info->source : "?",
                                    info->destination != NULL ? info->destination : "?");
  pgm_shell_page_changed (PGM_SHELL_PAGE (self));
  if (info->status != PGM_JOB_RUNNING && self->report == NULL)
    report = pgm_engine_ref_report (self->engine, self->job_id);
  if (report != NULL)
    take_report (self, report);
  pgm_record_unref (report);
  pgm_engine_ask_async (self->engine, PGM_ASK_LIST_CLUSTERS, NULL, NULL, self->cancellable,
                        on_clusters, g_object_ref (self));
  show_snapshot (self);
  show_actions (self);
}

static void
show_missing (PgmMigrationPage *self, const char *title, const char *text)
{
  g_autofree char *plain = pgm_text_to_lines (text);
  g_autofree char *escaped = g_markup_escape_text (plain, -1);

  adw_status_page_set_title (self->missing_page, title);
  adw_status_page_set_description (self->missing_page, escaped);
  gtk_stack_set_visible_child_name (self->pages, "missing");
}

/* A job of another process has no picture here, only what was written down of it. */
static void
explain_absence (PgmMigrationPage *self, const PgmJobInfo *info)
{
  if (self->snapshot != NULL || self->report != NULL)
    return;
  if (info == NULL)
    show_missing (self, _ ("No Such Job"), _ ("It may have been removed meanwhile."));
  else if (info->status == PGM_JOB_RUNNING)
    show_missing (self, _ ("It Runs in Another Process"),
                  _ ("Its end will be shown here; its own terminal shows it live."));
  else if (info->status == PGM_JOB_LOST)
    {
      gtk_stack_set_visible_child_name (self->pages, "main");
      pgm_migration_header_tell (self->header, _ ("Interrupted"),
                                 _ ("Its process ended without a word. It can go on."));
    }
  else
    show_missing (self, _ ("Not Started Yet"), NULL);
}

static void
on_jobs (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (PgmMigrationPage) self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) infos = pgm_engine_list_jobs_finish (PGM_ENGINE (source), result, &error);
  PgmJobInfo *found = NULL;

  if (pgm_error_is_cancelled (error))
    return;
  for (guint i = 0; infos != NULL && i < infos->len && found == NULL; i++)
    if (g_strcmp0 (((PgmJobInfo *) g_ptr_array_index (infos, i))->id, self->job_id) == 0)
      found = g_ptr_array_index (infos, i);
  if (found != NULL)
    take_info (self, found);
  if (error != NULL && self->snapshot == NULL)
    show_missing (self, _ ("Nothing Is Known of It"), error->message);
  else
    explain_absence (self, found);
}

static void
load (PgmMigrationPage *self)
{
  PgmMetricsQuery *query = pgm_record_new (&pgm_metrics_query_type);
  PgmSnapshot *snapshot = pgm_engine_ref_snapshot (self->engine, self->job_id);

  if (snapshot != NULL)
    take_snapshot (self, snapshot);
  pgm_record_unref (snapshot);
  pgm_engine_list_jobs_async (self->engine, self->cancellable, on_jobs, g_object_ref (self));
  pgm_engine_list_events_async (self->engine, self->job_id, self->cancellable, on_events,
                                g_object_ref (self));
  pgm_engine_ask_async (self->engine, PGM_ASK_READ_METRICS, self->job_id, query, self->cancellable,
                        on_metrics, g_object_ref (self));
  pgm_record_unref (query);
}

/* ---- actions ---- */

static void
on_requested (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (PgmMigrationPage) self = user_data;
  g_autoptr (GError) error = NULL;

  if (!pgm_engine_request_job_finish (PGM_ENGINE (source), result, &error))
    toast (self, error->message);
}

static void
request (PgmMigrationPage *self, PgmRequestKind kind, gboolean keep_fence)
{
  PgmJobRequest *wish = pgm_record_new (&pgm_job_request_type);

  wish->kind = (int) kind;
  wish->keep_fence = keep_fence;
  pgm_engine_request_job_async (self->engine, self->job_id, wish, NULL, on_requested,
                                g_object_ref (self));
  pgm_record_unref (wish);
}

static void
pause_job (GtkWidget *widget, const char *name, GVariant *parameter)
{
  request (PGM_MIGRATION_PAGE (widget), PGM_REQUEST_PAUSE, FALSE);
}

static void
resume_job (GtkWidget *widget, const char *name, GVariant *parameter)
{
  request (PGM_MIGRATION_PAGE (widget), PGM_REQUEST_RESUME, FALSE);
}

static void
verify_job (GtkWidget *widget, const char *name, GVariant *parameter)
{
  request (PGM_MIGRATION_PAGE (widget), PGM_REQUEST_VERIFY, FALSE);
}

static void
cut_over (GtkWidget *widget, const char *name, GVariant *parameter)
{
  pgm_migration_page_show_tab (PGM_MIGRATION_PAGE (widget), "cutover");
}

static void
on_stopped (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (PgmMigrationPage) self = user_data;
  g_autoptr (GError) error = NULL;

  if (!pgm_engine_stop_job_finish (PGM_ENGINE (source), result, &error))
    toast (self, error->message);
}

static void
set_dialog (PgmMigrationPage *self, AdwMessageDialog *dialog)
{
  g_set_weak_pointer (&self->dialog, dialog);
}

static void
on_stop_answer (PgmConfirmAnswer answer, gpointer user_data)
{
  g_autoptr (PgmMigrationPage) self = user_data;

  if (answer != PGM_CONFIRM_ACCEPT)
    return;
  pgm_migration_header_tell (self->header, NULL, _ ("Stopping…"));
  enable (self, "migration.stop", FALSE);
  pgm_engine_stop_job_async (self->engine, self->job_id, NULL, on_stopped, g_object_ref (self));
}

static void
stop_job (GtkWidget *widget, const char *name, GVariant *parameter)
{
  PgmMigrationPage *self = PGM_MIGRATION_PAGE (widget);
  const PgmConfirmQuestion question = {
    .heading = _ ("Stop This Migration?"),
    .body = _ ("What has been copied is kept, and it can go on later from there. Until then the "
               "source keeps its WAL; cleaning up ends that."),
    .accept = _ ("_Stop"),
    .destructive = TRUE,
  };

  set_dialog (self, pgm_confirm_async (widget, &question, on_stop_answer, g_object_ref (self)));
}

static void
on_job_started (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (PgmMigrationPage) self = user_data;
  g_autoptr (GError) error = NULL;
  g_autofree char *id = pgm_engine_start_job_finish (PGM_ENGINE (source), result, &error);

  if (id == NULL)
    toast (self, error->message);
  else if (g_str_equal (id, self->job_id))
    load (self);
  else
    gtk_widget_activate_action (GTK_WIDGET (self), "win.show-migration", "s", id);
}

/* The same ends once more: to go on, or to remove what it has left behind. */
static void
start_again (PgmMigrationPage *self, PgmJobKind kind, gboolean keep_fence)
{
  const PgmJobSpec *spec = self->info->spec;
  g_autofree char *json = pgm_record_to_json (spec, FALSE);
  PgmJobSpec *again = pgm_record_from_json (&pgm_job_spec_type, json, -1, NULL);

  g_return_if_fail (again != NULL);
  if (kind == PGM_JOB_CLEANUP)
    {
      again->kind = PGM_JOB_CLEANUP;
      g_clear_pointer (&again->id, g_free);
      g_clear_pointer (&again->clone, pgm_record_unref);
      if (again->follow == NULL)
        again->follow = pgm_record_new (&pgm_follow_options_type);
      again->follow->keep_fence = keep_fence;
    }
  else if (again->clone != NULL)
    again->clone->resume = TRUE;
  if (kind != PGM_JOB_CLEANUP)
    {
      g_clear_pointer (&self->report, pgm_record_unref);
      pgm_migration_overview_set_report (self->overview, NULL);
    }
  pgm_engine_start_job_async (self->engine, again, NULL, on_job_started, g_object_ref (self));
  pgm_record_unref (again);
}

static void
go_on (GtkWidget *widget, const char *name, GVariant *parameter)
{
  PgmMigrationPage *self = PGM_MIGRATION_PAGE (widget);

  start_again (self, (PgmJobKind) self->info->spec->kind, FALSE);
}

static void
on_clean_up_answer (PgmConfirmAnswer answer, gpointer user_data)
{
  g_autoptr (PgmMigrationPage) self = user_data;
  gboolean keep_fence = answer == PGM_CONFIRM_OTHER;

  if (answer == PGM_CONFIRM_CANCEL)
    return;
  if (may_ask (self, PGM_REQUEST_CLEANUP))
    request (self, PGM_REQUEST_CLEANUP, keep_fence);
  else if (may_go_on (self))
    start_again (self, PGM_JOB_CLEANUP, keep_fence);
}

static void
clean_up (GtkWidget *widget, const char *name, GVariant *parameter)
{
  PgmMigrationPage *self = PGM_MIGRATION_PAGE (widget);
  gboolean moved = self->snapshot != NULL && pgm_words_belongs_to_destination (self->snapshot);
  const PgmConfirmQuestion question = {
    .heading = _ ("Clean Up?"),
    .body = moved ? _ ("Slots, publications and origins of this migration are removed on both "
                       "sides; afterwards there is no way back. A fence that keeps applications "
                       "from the old side can stay, or come down with the rest.")
                  : _ ("The migration ends. Slots, publications and origins that it has made are "
                       "removed on both sides; rows that were copied stay on the destination."),
    .accept = _ ("_Clean Up"),
    .other = moved ? _ ("Clean Up, _Keep the Fence") : NULL,
    .destructive = TRUE,
  };

  set_dialog (self, pgm_confirm_async (widget, &question, on_clean_up_answer, g_object_ref (self)));
}

char *
pgm_migration_page_make_report (PgmMigrationPage *self, gboolean json)
{
  return json ? pgm_report_job_to_json (self->snapshot, self->report)
              : pgm_report_job_to_text (self->info, self->snapshot, self->report, self->cutovers);
}

static void
copy_report (GtkWidget *widget, const char *name, GVariant *parameter)
{
  PgmMigrationPage *self = PGM_MIGRATION_PAGE (widget);
  g_autofree char *text = pgm_migration_page_make_report (self, FALSE);

  gdk_clipboard_set_text (gtk_widget_get_clipboard (widget), text);
  toast (self, _ ("The report was copied."));
}

static void
on_saved (const char *path, const GError *error, gpointer user_data)
{
  g_autoptr (PgmMigrationPage) self = user_data;

  if (error == NULL)
    toast (self, _ ("The report was saved."));
  else if (!g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    toast (self, error->message);
}

static void
save_report (GtkWidget *widget, const char *name, GVariant *parameter)
{
  PgmMigrationPage *self = PGM_MIGRATION_PAGE (widget);
  gboolean json = g_str_equal (name, "migration.save-json");
  g_autofree char *text = pgm_migration_page_make_report (self, json);
  g_autofree char *file = g_strdup_printf ("%s.%s", self->job_id, json ? "json" : "txt");

  pgm_save_text_async (widget, _ ("Save the Report"), file, text, on_saved, g_object_ref (self));
}

/* ---- as a page of the shell ---- */

static const char *
get_title (PgmShellPage *page)
{
  return PGM_MIGRATION_PAGE (page)->title;
}

static const char *
get_subtitle (PgmShellPage *page)
{
  return PGM_MIGRATION_PAGE (page)->subtitle;
}

static AdwViewStack *
get_view_stack (PgmShellPage *page)
{
  return PGM_MIGRATION_PAGE (page)->tabs;
}

static void
refresh (PgmShellPage *page)
{
  load (PGM_MIGRATION_PAGE (page));
}

static gboolean
search (PgmShellPage *page)
{
  PgmMigrationPage *self = PGM_MIGRATION_PAGE (page);
  const char *tab = adw_view_stack_get_visible_child_name (self->tabs);

  if (g_strcmp0 (tab, "log") == 0)
    {
      pgm_migration_log_search (self->log);
      return TRUE;
    }
  pgm_migration_page_show_tab (self, "tables");
  pgm_migration_tables_search (self->tables);
  return TRUE;
}

static void
pgm_migration_page_shell_page_init (PgmShellPageInterface *iface)
{
  iface->get_title = get_title;
  iface->get_subtitle = get_subtitle;
  iface->get_view_stack = get_view_stack;
  iface->refresh = refresh;
  iface->search = search;
}

/* ---- the object ---- */

static void
pgm_migration_page_map (GtkWidget *widget)
{
  PgmMigrationPage *self = PGM_MIGRATION_PAGE (widget);

  GTK_WIDGET_CLASS (pgm_migration_page_parent_class)->map (widget);
  if (self->shows_old)
    show_snapshot (self);
}

static void
pgm_migration_page_dispose (GObject *object)
{
  PgmMigrationPage *self = PGM_MIGRATION_PAGE (object);

  if (self->engine != NULL)
    g_signal_handlers_disconnect_by_data (self->engine, self);
  g_cancellable_cancel (self->cancellable);
  g_clear_handle_id (&self->stale_source, g_source_remove);
  g_clear_weak_pointer (&self->dialog);
  g_clear_object (&self->engine);
  g_clear_pointer (&self->info, pgm_record_unref);
  g_clear_pointer (&self->snapshot, pgm_record_unref);
  g_clear_pointer (&self->report, pgm_record_unref);
  G_OBJECT_CLASS (pgm_migration_page_parent_class)->dispose (object);
}

static void
pgm_migration_page_finalize (GObject *object)
{
  PgmMigrationPage *self = PGM_MIGRATION_PAGE (object);

  g_clear_object (&self->cancellable);
  g_ptr_array_unref (self->cutovers);
  g_free (self->job_id);
  g_free (self->title);
  g_free (self->subtitle);
  g_free (self->source_name);
  g_free (self->destination_name);
  G_OBJECT_CLASS (pgm_migration_page_parent_class)->finalize (object);
}

static void
bind_children (GtkWidgetClass *widget_class)
{
  gtk_widget_class_bind_template_child (widget_class, PgmMigrationPage, toasts);
  gtk_widget_class_bind_template_child (widget_class, PgmMigrationPage, pages);
  gtk_widget_class_bind_template_child (widget_class, PgmMigrationPage, missing_page);
  gtk_widget_class_bind_template_child (widget_class, PgmMigrationPage, tabs);
  gtk_widget_class_bind_template_child (widget_class, PgmMigrationPage, header);
  gtk_widget_class_bind_template_child (widget_class, PgmMigrationPage, overview);
  gtk_widget_class_bind_template_child (widget_class, PgmMigrationPage, tables);
  gtk_widget_class_bind_template_child (widget_class, PgmMigrationPage, log);
  gtk_widget_class_bind_template_child (widget_class, PgmMigrationPage, cutover_bin);
}

static void
install_actions (GtkWidgetClass *widget_class)
{
  gtk_widget_class_install_action (widget_class, "migration.pause", NULL, pause_job);
  gtk_widget_class_install_action (widget_class, "migration.resume", NULL, resume_job);
  gtk_widget_class_install_action (widget_class, "migration.verify", NULL, verify_job);
  gtk_widget_class_install_action (widget_class, "migration.cut-over", NULL, cut_over);
  gtk_widget_class_install_action (widget_class, "migration.stop", NULL, stop_job);
  gtk_widget_class_install_action (widget_class, "migration.clean-up", NULL, clean_up);
  gtk_widget_class_install_action (widget_class, "migration.go-on", NULL, go_on);
  gtk_widget_class_install_action (widget_class, "migration.copy-report", NULL, copy_report);
  gtk_widget_class_install_action (widget_class, "migration.save-text", NULL, save_report);
  gtk_widget_class_install_action (widget_class, "migration.save-json", NULL, save_report);
}

static void
pgm_migration_page_class_init (PgmMigrationPageClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  object_class->dispose = pgm_migration_page_dispose;
  object_class->finalize = pgm_migration_page_finalize;
  widget_class->map = pgm_migration_page_map;
  g_type_ensure (PGM_TYPE_MIGRATION_HEADER);
  g_type_ensure (PGM_TYPE_MIGRATION_OVERVIEW);
  g_type_ensure (PGM_TYPE_MIGRATION_TABLES);
  g_type_ensure (PGM_TYPE_MIGRATION_LOG);
  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/io/github/pgmanager/Pgmanager/migration-page.ui");
  bind_children (widget_class);
  install_actions (widget_class);
}

/* Made when somebody looks: it has more widgets than the rest of the page. */
static void
ensure_cutover (PgmMigrationPage *self)
{
  if (self->cutover != NULL || self->engine == NULL)
    return;
  self->cutover = g_object_new (PGM_TYPE_CUTOVER_VIEW, NULL);
  adw_bin_set_child (self->cutover_bin, GTK_WIDGET (self->cutover));
  g_signal_connect_swapped (self->cutover, "message", G_CALLBACK (toast), self);
  pgm_cutover_view_set_job (self->cutover, self->engine, self->job_id);
  pgm_cutover_view_set_ends (self->cutover, self->source_name, self->source_protected,
                             self->destination_name, self->destination_protected);
  pgm_cutover_ask_set_defaults (pgm_cutover_view_get_ask (self->cutover), self->fence,
                                self->keep_way_back);
  if (self->report != NULL)
    pgm_cutover_view_end (self->cutover, self->report);
  else if (self->snapshot != NULL)
    pgm_cutover_view_show (self->cutover, self->snapshot);
}

static void
on_tab (PgmMigrationPage *self)
{
  if (adw_view_stack_get_visible_child (self->tabs) == GTK_WIDGET (self->cutover_bin))
    ensure_cutover (self);
}

static void
pgm_migration_page_init (PgmMigrationPage *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
  self->cutovers = g_ptr_array_new_with_free_func (pgm_record_unref);
  self->cancellable = g_cancellable_new ();
  self->title = g_strdup (_ ("Migration"));
  self->stale_source = g_timeout_add_seconds (STALE_LOOK_SECS, look_at_age, self);
  self->keep_way_back = TRUE;
  g_signal_connect_swapped (self->tabs, "notify::visible-child", G_CALLBACK (on_tab), self);
  show_actions (self);
}

PgmMigrationPage *
pgm_migration_page_new (PgmEngine *engine, const char *job_id)
{
  PgmMigrationPage *self = g_object_new (PGM_TYPE_MIGRATION_PAGE, NULL);

  self->engine = g_object_ref (engine);
  self->job_id = g_strdup (job_id);
  g_signal_connect (engine, "snapshot", G_CALLBACK (on_snapshot), self);
  g_signal_connect (engine, "finished", G_CALLBACK (on_finished), self);
  load (self);
  return self;
}

const char *
pgm_migration_page_get_job_id (PgmMigrationPage *self)
{
  return self->job_id;
}

void
pgm_migration_page_set_cutover_defaults (PgmMigrationPage *self, int fence, gboolean keep_way_back)
{
  self->fence = fence;
  self->keep_way_back = keep_way_back;
  if (self->cutover != NULL)
    pgm_cutover_ask_set_defaults (pgm_cutover_view_get_ask (self->cutover), fence, keep_way_back);
}

void
pgm_migration_page_show_tab (PgmMigrationPage *self, const char *name)
{
  adw_view_stack_set_visible_child_name (self->tabs, name);
}

PgmMigrationOverview *
pgm_migration_page_get_overview (PgmMigrationPage *self)
{
  return self->overview;
}

PgmMigrationTables *
pgm_migration_page_get_tables (PgmMigrationPage *self)
{
  return self->tables;
}

PgmMigrationLog *
pgm_migration_page_get_log (PgmMigrationPage *self)
{
  return self->log;
}

PgmCutoverView *
pgm_migration_page_get_cutover (PgmMigrationPage *self)
{
  ensure_cutover (self);
  return self->cutover;
}

PgmMigrationStrip *
pgm_migration_page_get_strip (PgmMigrationPage *self)
{
  return pgm_migration_header_get_strip (self->header);
}

const char *
pgm_migration_page_get_state (PgmMigrationPage *self)
{
  return pgm_migration_header_get_state (self->header);
}

AdwMessageDialog *
pgm_migration_page_get_dialog (PgmMigrationPage *self)
{
  return self->dialog;
}

const PgmSnapshot *
pgm_migration_page_get_snapshot (PgmMigrationPage *self)
{
  return self->snapshot;
}

const PgmReport *
pgm_migration_page_get_report (PgmMigrationPage *self)
{
  return self->report;
}
