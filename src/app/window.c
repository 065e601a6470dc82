#include "app/window.h"

#include "app/error-view.h"
#include "app/phase-strip.h"
#include "app/table-view.h"
#include "app/text.h"
#include "core/i18n.h"
#include "core/units.h"

/* Where the clone ends on the overall bar; the comparison takes the rest. */
#define CLONE_SHARE 0.7

struct _PgmWindow
{
  AdwApplicationWindow parent_instance;

  GtkStack *pages;
  GtkWidget *stop_button;
  GtkWidget *start_button;
  GtkWidget *again_button;
  PgmPhaseStrip *phase_strip;
  GtkImage *result_icon;
  GtkSpinner *spinner;
  PgmErrorView *error_view;
  GtkLabel *phase_label;
  GtkLabel *activity_label;
  GtkProgressBar *overall_bar;
  GtkWidget *numbers;
  GtkLabel *rows_label;
  GtkLabel *bytes_label;
  GtkLabel *rate_label;
  GtkLabel *time_label;
  PgmTableView *table_view;

  PgmEngine *engine;
  PgmWindowState state;
  GCancellable *cancellable; /* of the sample being made */
  PgmSample *sample;
  char *job_id;
  PgmReport *clone_report;
  GError *error; /* what ended the run before its time */
  gboolean equal;
  gboolean left_behind; /* the clusters could not be removed */
  gboolean closing;     /* the window goes as soon as everything is cleaned up */
};

G_DEFINE_FINAL_TYPE (PgmWindow, pgm_window, ADW_TYPE_APPLICATION_WINDOW)

static const char *
phase_title (PgmPhase phase)
{
  switch (phase)
    {
    case PGM_PHASE_PREFLIGHT:
      return _ ("Checking both servers");
    case PGM_PHASE_SCHEMA:
      return _ ("Restoring the schema");
    case PGM_PHASE_COPY:
      return _ ("Copying rows");
    case PGM_PHASE_INDEXES:
      return _ ("Building indexes and constraints");
    case PGM_PHASE_VERIFY:
      return _ ("Comparing both databases");
    case PGM_PHASE_DONE:
      return _ ("Done");
    case PGM_PHASE_FAILED:
      return _ ("Failed");
    case PGM_PHASE_PAUSED:
      return _ ("Paused");
    case PGM_PHASE_CATCH_UP:
    case PGM_PHASE_STREAMING:
      return _ ("Streaming changes");
    case PGM_PHASE_SWITCHOVER:
    case PGM_PHASE_SWITCHOVER_COMPLETE:
      return _ ("Cutting over");
    case PGM_PHASE_IDLE:
    case PGM_PHASE_CONNECTING:
    default:
      return _ ("Connecting");
    }
}

static void
set_state (PgmWindow *self, PgmWindowState state)
{
  gboolean busy =
      state == PGM_WINDOW_PREPARING || state == PGM_WINDOW_RUNNING || state == PGM_WINDOW_CLEANING;

  self->state = state;
  gtk_stack_set_visible_child_name (self->pages, state == PGM_WINDOW_IDLE ? "welcome" : "run");
  gtk_widget_action_set_enabled (GTK_WIDGET (self), "win.start-demo", !busy);
  gtk_widget_action_set_enabled (GTK_WIDGET (self), "win.stop",
                                 busy && state != PGM_WINDOW_CLEANING);
  gtk_widget_set_visible (self->stop_button, busy);
  gtk_widget_set_visible (self->again_button, state == PGM_WINDOW_FINISHED);
  gtk_widget_set_visible (GTK_WIDGET (self->result_icon), state == PGM_WINDOW_FINISHED);
  gtk_widget_set_visible (GTK_WIDGET (self->spinner), busy);
  gtk_spinner_set_spinning (self->spinner, busy);
}

static void
set_plain_text (GtkLabel *label, const char *text)
{
  g_autofree char *shown = pgm_text_to_lines (text);

  gtk_label_set_text (label, shown);
}

static void
show_percent (PgmWindow *self, double percent)
{
  g_autofree char *text = g_strdup_printf ("%.0f %%", percent);

  gtk_progress_bar_set_fraction (self->overall_bar, CLAMP (percent / 100, 0, 1));
  gtk_progress_bar_set_text (self->overall_bar, text);
}

/* The word, the sign beside it, and what it means in a sentence. */
static void
show_result (PgmWindow *self,
             const char *word,
             const char *icon,
             const char *css_class,
             const char *text)
{
  const char *const classes[] = { css_class, NULL };

  gtk_label_set_text (self->phase_label, word);
  gtk_image_set_from_icon_name (self->result_icon, icon);
  gtk_widget_set_css_classes (GTK_WIDGET (self->result_icon), (const char **) (guintptr) classes);
  set_plain_text (self->activity_label, text);
}

/* In a small window there is no room for both the reason and the numbers. */
static void
show_error (PgmWindow *self, const GError *error)
{
  pgm_error_view_set_error (self->error_view, error);
  gtk_widget_set_visible (self->numbers, error == NULL);
}

static char *
describe_clone (PgmWindow *self)
{
  g_autofree char *rows = pgm_format_count (self->clone_report->rows);
  g_autofree char *bytes = pgm_format_bytes (self->clone_report->bytes);
  g_autofree char *seconds = pgm_format_duration (self->clone_report->seconds);

  return g_strdup_printf (_ ("%s rows (%s) cloned in %s, then compared object by object and row "
                             "by row. Both clusters were removed again."),
                          rows, bytes, seconds);
}

/* Everything is over: the result stands until the demo is run again. */
static void
finish (PgmWindow *self)
{
  if (self->error != NULL && pgm_error_is_cancelled (self->error))
    {
      show_result (self, _ ("Stopped"), "media-playback-stop-symbolic", "warning",
                   _ ("The demo was stopped and both clusters were removed."));
      pgm_phase_strip_end (self->phase_strip, PGM_STEP_STOPPED);
    }
  else if (self->error != NULL)
    {
      show_result (self, _ ("Failed"), "dialog-error-symbolic", "error",
                   self->left_behind
                       ? _ ("The clusters could not be removed.")
                       : _ ("The demo ended before its time; both clusters were removed."));
      pgm_phase_strip_end (self->phase_strip, PGM_STEP_FAILED);
      show_error (self, self->error);
    }
  else
    {
      g_autofree char *text = describe_clone (self);

      show_result (self, self->equal ? _ ("Equal") : _ ("Different"),
                   self->equal ? "emblem-ok-symbolic" : "dialog-warning-symbolic",
                   self->equal ? "success" : "warning", text);
      pgm_phase_strip_end (self->phase_strip, PGM_STEP_DONE);
      show_percent (self, 100);
    }
  set_state (self, PGM_WINDOW_FINISHED);
  if (self->closing)
    gtk_window_destroy (GTK_WINDOW (self));
}

static void
on_sample_stopped (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (PgmWindow) self = user_data;
  g_autoptr (GError) error = NULL;

  self->left_behind = !pgm_engine_stop_sample_finish (self->engine, result, &error);
  /* What went wrong first is worth more. */
  if (self->left_behind && (self->error == NULL || pgm_error_is_cancelled (self->error)))
    {
      g_clear_error (&self->error);
      self->error = g_steal_pointer (&error);
    }
  g_clear_pointer (&self->sample, pgm_record_unref);
  finish (self);
}

static void
clean_up (PgmWindow *self)
{
  g_clear_pointer (&self->job_id, g_free);
  if (self->sample == NULL)
    {
      finish (self);
      return;
    }
  set_state (self, PGM_WINDOW_CLEANING);
  gtk_label_set_text (self->activity_label, _ ("Removing both clusters…"));
  pgm_engine_stop_sample_async (self->engine, self->sample->id, NULL, on_sample_stopped,
                                g_object_ref (self));
}

static void
on_job_started (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (PgmWindow) self = user_data;
  char *id = pgm_engine_start_job_finish (self->engine, result, &self->error);

  if (id == NULL)
    {
      clean_up (self);
      return;
    }
  g_free (self->job_id);
  self->job_id = id;
  if (g_cancellable_is_cancelled (self->cancellable))
    pgm_engine_stop_job_async (self->engine, id, NULL, NULL, NULL);
}

static void
start_job (PgmWindow *self, PgmJobKind kind)
{
  PgmJobSpec *spec = pgm_record_new (&pgm_job_spec_type);

  spec->kind = kind;
  spec->source = pgm_record_new (&pgm_endpoint_type);
  spec->source->uri = g_strdup (self->sample->source_uri);
  spec->destination = pgm_record_new (&pgm_endpoint_type);
  spec->destination->uri = g_strdup (self->sample->destination_uri);
  if (kind == PGM_JOB_CLONE)
    spec->clone = pgm_record_new (&pgm_clone_options_type);
  else
    spec->compare = pgm_record_new (&pgm_compare_options_type);
  set_state (self, PGM_WINDOW_RUNNING);
  /* A short comparison may be over before its first snapshot. */
  if (kind == PGM_JOB_COMPARE)
    gtk_label_set_text (self->phase_label, phase_title (PGM_PHASE_VERIFY));
  pgm_engine_start_job_async (self->engine, spec, self->cancellable, on_job_started,
                              g_object_ref (self));
  pgm_record_unref (spec);
}

static void
clear_numbers (PgmWindow *self)
{
  GtkLabel *const labels[] = { self->rows_label, self->bytes_label, self->rate_label,
                               self->time_label };

  for (gsize i = 0; i < G_N_ELEMENTS (labels); i++)
    gtk_label_set_text (labels[i], "–");
}

static void
show_numbers (PgmWindow *self, const PgmSnapshot *snapshot)
{
  g_autofree char *rows = pgm_format_count (snapshot->total_rows);
  g_autofree char *bytes = pgm_format_bytes (snapshot->total_bytes);
  g_autofree char *rate = pgm_format_byte_rate (snapshot->bytes_per_sec);
  g_autofree char *elapsed = pgm_format_duration (snapshot->elapsed_sec);

  gtk_label_set_text (self->rows_label, rows);
  gtk_label_set_text (self->bytes_label, bytes);
  gtk_label_set_text (self->rate_label, rate);
  gtk_label_set_text (self->time_label, elapsed);
}

/* Also what went by between two snapshots. */
static void
show_phases (PgmWindow *self, const PgmSnapshot *snapshot)
{
  for (guint i = 0; i < snapshot->phases->len; i++)
    {
      const PgmPhaseEntry *entry = g_ptr_array_index (snapshot->phases, i);

      pgm_phase_strip_advance (self->phase_strip, (PgmPhase) entry->phase);
    }
  if (snapshot->phase != PGM_PHASE_DONE && snapshot->phase != PGM_PHASE_FAILED)
    gtk_label_set_text (self->phase_label, phase_title ((PgmPhase) snapshot->phase));
}

static void
show_activity (PgmWindow *self, const PgmSnapshot *snapshot)
{
  g_autofree char *text = NULL;

  if (g_cancellable_is_cancelled (self->cancellable))
    return; /* "Stopping…" stands */
  if (snapshot->activity != NULL && *snapshot->activity != '\0')
    text = g_strdup (snapshot->activity);
  else if (snapshot->phase == PGM_PHASE_INDEXES && snapshot->indexes_total > 0)
    text = g_strdup_printf (_ ("%d of %d indexes and constraints built"),
                            (int) snapshot->indexes_done, (int) snapshot->indexes_total);
  else if (snapshot->tables_total > 0)
    text = g_strdup_printf (_ ("%d of %d tables copied"), (int) snapshot->tables_copied,
                            (int) snapshot->tables_total);
  set_plain_text (self->activity_label, text);
}

static void
on_snapshot (PgmEngine *engine, const char *job_id, PgmSnapshot *snapshot, PgmWindow *self)
{
  gboolean clone = g_strcmp0 (snapshot->kind, pgm_job_kind_names[PGM_JOB_CLONE]) == 0;

  if (self->state != PGM_WINDOW_RUNNING)
    return;
  show_phases (self, snapshot);
  show_activity (self, snapshot);
  show_percent (self, clone ? snapshot->percent * CLONE_SHARE
                            : 100 * CLONE_SHARE + snapshot->percent * (1 - CLONE_SHARE));
  if (clone)
    {
      show_numbers (self, snapshot);
      pgm_table_view_update (self->table_view, snapshot);
    }
}

static void
on_finished (PgmEngine *engine, const char *job_id, PgmReport *report, PgmWindow *self)
{
  if (self->state != PGM_WINDOW_RUNNING)
    return;
  if (report->outcome == PGM_OUTCOME_INTERRUPTED)
    g_set_error_literal (&self->error, G_IO_ERROR, G_IO_ERROR_CANCELLED,
                         _ ("The demo was stopped."));
  else if (report->error != NULL)
    pgm_error_set_full (&self->error, PGM_ERROR_FAILED, report->sqlstate, report->detail,
                        report->hint, "%s", report->error);
  else if (report->outcome == PGM_OUTCOME_PROBLEMS && report->problems->len > 0)
    {
      const PgmProblem *problem = g_ptr_array_index (report->problems, 0);

      pgm_error_set_full (&self->error, PGM_ERROR_FAILED, NULL, problem->reason, NULL,
                          _ ("%s could not be made"), problem->object);
    }

  if (self->error == NULL && self->clone_report == NULL)
    {
      self->clone_report = pgm_record_ref (report);
      start_job (self, PGM_JOB_COMPARE);
      return;
    }
  self->equal = report->outcome == PGM_OUTCOME_DONE;
  clean_up (self);
}

static void
on_sample_started (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (PgmWindow) self = user_data;

  self->sample = pgm_engine_start_sample_finish (self->engine, result, &self->error);
  if (self->sample == NULL ||
      g_cancellable_set_error_if_cancelled (self->cancellable, &self->error))
    {
      clean_up (self);
      return;
    }
  start_job (self, PGM_JOB_CLONE);
}

static void
start_demo (GtkWidget *widget, const char *name, GVariant *parameter)
{
  PgmWindow *self = PGM_WINDOW (widget);
  PgmSampleSpec *spec = pgm_record_new (&pgm_sample_spec_type);

  g_clear_object (&self->cancellable);
  self->cancellable = g_cancellable_new ();
  g_clear_error (&self->error);
  g_clear_pointer (&self->clone_report, pgm_record_unref);
  self->equal = FALSE;
  self->left_behind = FALSE;
  pgm_table_view_clear (self->table_view);
  pgm_phase_strip_restart (self->phase_strip);
  show_error (self, NULL);
  gtk_label_set_text (self->phase_label, _ ("Preparing"));
  gtk_label_set_text (self->activity_label,
                      _ ("Making two throw-away clusters with a sample shop…"));
  show_percent (self, 0);
  clear_numbers (self);
  set_state (self, PGM_WINDOW_PREPARING);
  pgm_engine_start_sample_async (self->engine, spec, self->cancellable, on_sample_started,
                                 g_object_ref (self));
  pgm_record_unref (spec);
}

static void
stop (GtkWidget *widget, const char *name, GVariant *parameter)
{
  PgmWindow *self = PGM_WINDOW (widget);

  gtk_label_set_text (self->activity_label, _ ("Stopping…"));
  g_cancellable_cancel (self->cancellable);
  if (self->job_id != NULL)
    pgm_engine_stop_job_async (self->engine, self->job_id, NULL, NULL, NULL);
}

/* The clusters must not outlive the window: it closes once they are gone. */
static gboolean
pgm_window_close_request (GtkWindow *window)
{
  PgmWindow *self = PGM_WINDOW (window);

  if (self->state == PGM_WINDOW_IDLE || self->state == PGM_WINDOW_FINISHED)
    return GTK_WINDOW_CLASS (pgm_window_parent_class)->close_request (window);
  self->closing = TRUE;
  if (self->state != PGM_WINDOW_CLEANING)
    stop (GTK_WIDGET (self), NULL, NULL);
  return TRUE;
}

static void
pgm_window_dispose (GObject *object)
{
  PgmWindow *self = PGM_WINDOW (object);

  if (self->engine != NULL)
    g_signal_handlers_disconnect_by_data (self->engine, self);
  g_clear_object (&self->engine);
  g_clear_object (&self->cancellable);
  g_clear_error (&self->error);
  g_clear_pointer (&self->sample, pgm_record_unref);
  g_clear_pointer (&self->clone_report, pgm_record_unref);
  g_clear_pointer (&self->job_id, g_free);
  G_OBJECT_CLASS (pgm_window_parent_class)->dispose (object);
}

static void
pgm_window_class_init (PgmWindowClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = pgm_window_dispose;
  GTK_WINDOW_CLASS (klass)->close_request = pgm_window_close_request;

  g_type_ensure (PGM_TYPE_ERROR_VIEW);
  g_type_ensure (PGM_TYPE_PHASE_STRIP);
  g_type_ensure (PGM_TYPE_TABLE_VIEW);
  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/io/github/pgmanager/Pgmanager/window.ui");
  gtk_widget_class_bind_template_child (widget_class, PgmWindow, pages);
  gtk_widget_class_bind_template_child (widget_class, PgmWindow, stop_button);
  gtk_widget_class_bind_template_child (widget_class, PgmWindow, start_button);
  gtk_widget_class_bind_template_child (widget_class, PgmWindow, again_button);
  gtk_widget_class_bind_template_child (widget_class, PgmWindow, phase_strip);
  gtk_widget_class_bind_template_child (widget_class, PgmWindow, phase_label);
  gtk_widget_class_bind_template_child (widget_class, PgmWindow, result_icon);
  gtk_widget_class_bind_template_child (widget_class, PgmWindow, spinner);
  gtk_widget_class_bind_template_child (widget_class, PgmWindow, error_view);
  gtk_widget_class_bind_template_child (widget_class, PgmWindow, activity_label);
  gtk_widget_class_bind_template_child (widget_class, PgmWindow, overall_bar);
  gtk_widget_class_bind_template_child (widget_class, PgmWindow, numbers);
  gtk_widget_class_bind_template_child (widget_class, PgmWindow, rows_label);
  gtk_widget_class_bind_template_child (widget_class, PgmWindow, bytes_label);
  gtk_widget_class_bind_template_child (widget_class, PgmWindow, rate_label);
  gtk_widget_class_bind_template_child (widget_class, PgmWindow, time_label);
  gtk_widget_class_bind_template_child (widget_class, PgmWindow, table_view);
  gtk_widget_class_install_action (widget_class, "win.start-demo", NULL, start_demo);
  gtk_widget_class_install_action (widget_class, "win.stop", NULL, stop);
}

static void
pgm_window_init (PgmWindow *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
  set_state (self, PGM_WINDOW_IDLE);
}

PgmWindow *
pgm_window_new (GtkApplication *application, PgmEngine *engine)
{
  PgmWindow *self = g_object_new (PGM_TYPE_WINDOW, "application", application, NULL);

  self->engine = g_object_ref (engine);
  g_signal_connect (engine, "snapshot", G_CALLBACK (on_snapshot), self);
  g_signal_connect (engine, "finished", G_CALLBACK (on_finished), self);
  return self;
}

PgmWindowState
pgm_window_get_state (PgmWindow *self)
{
  return self->state;
}

const PgmSample *
pgm_window_get_sample (PgmWindow *self)
{
  return self->sample;
}
