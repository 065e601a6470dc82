#include "app/demo-page.h"

#include "app/error-view.h"
#include "app/phase-strip.h"
#include "app/shell-page.h"
#include "app/table-view.h"
#include "app/text.h"
#include "core/i18n.h"
#include "core/units.h"

/* Where the clone ends on the overall bar; the comparison takes the rest. */
#define CLONE_SHARE 0.7

struct _PgmDemoPage
{
  AdwBin parent_instance;

  GtkStack *pages;
  GtkWidget *header_buttons;
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
  PgmDemoState state;
  GCancellable *cancellable; /* of the sample being made */
  PgmSample *sample;
  char *job_id;
  PgmReport *clone_report;
  GError *error; /* what ended the run before its time */
  gboolean equal;
  gboolean left_behind; /* the clusters could not be removed */
};

enum
{
  ENDED,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

static void pgm_demo_page_shell_page_init (PgmShellPageInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (PgmDemoPage,
                               pgm_demo_page,
                               ADW_TYPE_BIN,
                               G_IMPLEMENT_INTERFACE (PGM_TYPE_SHELL_PAGE,
                                                      pgm_demo_page_shell_page_init))

gboolean
pgm_demo_page_is_busy (PgmDemoPage *self)
{
  return self->state == PGM_DEMO_PREPARING || self->state == PGM_DEMO_RUNNING ||
         self->state == PGM_DEMO_CLEANING;
}

static void
set_state (PgmDemoPage *self, PgmDemoState state)
{
  gboolean busy;

  self->state = state;
  busy = pgm_demo_page_is_busy (self);
  gtk_stack_set_visible_child_name (self->pages, state == PGM_DEMO_IDLE ? "welcome" : "run");
  gtk_widget_action_set_enabled (GTK_WIDGET (self), "demo.start", !busy);
  gtk_widget_action_set_enabled (GTK_WIDGET (self), "demo.stop",
                                 busy && state != PGM_DEMO_CLEANING);
  gtk_widget_set_visible (self->stop_button, busy);
  gtk_widget_set_visible (self->again_button, state == PGM_DEMO_FINISHED);
  gtk_widget_set_visible (GTK_WIDGET (self->result_icon), state == PGM_DEMO_FINISHED);
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
show_percent (PgmDemoPage *self, double percent)
{
  g_autofree char *text = g_strdup_printf ("%.0f %%", percent);

  gtk_progress_bar_set_fraction (self->overall_bar, CLAMP (percent / 100, 0, 1));
  gtk_progress_bar_set_text (self->overall_bar, text);
}

/* The word, the sign beside it, and what it means in a sentence. */
static void
show_result (PgmDemoPage *self,
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
show_error (PgmDemoPage *self, const GError *error)
{
  pgm_error_view_set_error (self->error_view, error);
  gtk_widget_set_visible (self->numbers, error == NULL);
}

static char *
describe_clone (PgmDemoPage *self)
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
finish (PgmDemoPage *self)
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
  set_state (self, PGM_DEMO_FINISHED);
  g_signal_emit (self, signals[ENDED], 0);
}

static void
on_sample_stopped (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (PgmDemoPage) self = user_data;
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
clean_up (PgmDemoPage *self)
{
  g_clear_pointer (&self->job_id, g_free);
  if (self->sample == NULL)
    {
      finish (self);
      return;
    }
  set_state (self, PGM_DEMO_CLEANING);
  gtk_label_set_text (self->activity_label, _ ("Removing both clusters…"));
  pgm_engine_stop_sample_async (self->engine, self->sample->id, NULL, on_sample_stopped,
                                g_object_ref (self));
}

static void
on_job_started (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (PgmDemoPage) self = user_data;
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
start_job (PgmDemoPage *self, PgmJobKind kind)
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
  set_state (self, PGM_DEMO_RUNNING);
  /* A short comparison may be over before its first snapshot. */
  if (kind == PGM_JOB_COMPARE)
    gtk_label_set_text (self->phase_label, pgm_phase_to_text (PGM_PHASE_VERIFY));
  pgm_engine_start_job_async (self->engine, spec, self->cancellable, on_job_started,
                              g_object_ref (self));
  pgm_record_unref (spec);
}

static void
clear_numbers (PgmDemoPage *self)
{
  GtkLabel *const labels[] = { self->rows_label, self->bytes_label, self->rate_label,
                               self->time_label };

  for (gsize i = 0; i < G_N_ELEMENTS (labels); i++)
    gtk_label_set_text (labels[i], "–");
}

static void
show_numbers (PgmDemoPage *self, const PgmSnapshot *snapshot)
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
show_phases (PgmDemoPage *self, const PgmSnapshot *snapshot)
{
  for (guint i = 0; i < snapshot->phases->len; i++)
    {
      const PgmPhaseEntry *entry = g_ptr_array_index (snapshot->phases, i);

      pgm_phase_strip_advance (self->phase_strip, (PgmPhase) entry->phase);
    }
  if (snapshot->phase != PGM_PHASE_DONE && snapshot->phase != PGM_PHASE_FAILED &&
      snapshot->phase != PGM_PHASE_STOPPED)
    gtk_label_set_text (self->phase_label, pgm_phase_to_text ((PgmPhase) snapshot->phase));
}

static void
show_activity (PgmDemoPage *self, const PgmSnapshot *snapshot)
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
on_snapshot (PgmEngine *engine, const char *job_id, PgmSnapshot *snapshot, PgmDemoPage *self)
{
  gboolean clone = g_strcmp0 (snapshot->kind, pgm_job_kind_names[PGM_JOB_CLONE]) == 0;

  if (self->state != PGM_DEMO_RUNNING)
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
on_finished (PgmEngine *engine, const char *job_id, PgmReport *report, PgmDemoPage *self)
{
  if (self->state != PGM_DEMO_RUNNING)
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
  g_autoptr (PgmDemoPage) self = user_data;

  self->sample = pgm_engine_start_sample_finish (self->engine, result, &self->error);
  if (self->sample == NULL ||
      g_cancellable_set_error_if_cancelled (self->cancellable, &self->error))
    {
      clean_up (self);
      return;
    }
  start_job (self, PGM_JOB_CLONE);
}

void
pgm_demo_page_start (PgmDemoPage *self)
{
  PgmSampleSpec *spec;

  if (pgm_demo_page_is_busy (self))
    return;
  spec = pgm_record_new (&pgm_sample_spec_type);
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
  set_state (self, PGM_DEMO_PREPARING);
  pgm_engine_start_sample_async (self->engine, spec, self->cancellable, on_sample_started,
                                 g_object_ref (self));
  pgm_record_unref (spec);
}

static void
start (GtkWidget *widget, const char *name, GVariant *parameter)
{
  pgm_demo_page_start (PGM_DEMO_PAGE (widget));
}

void
pgm_demo_page_stop (PgmDemoPage *self)
{
  if (self->state != PGM_DEMO_PREPARING && self->state != PGM_DEMO_RUNNING)
    return;
  gtk_label_set_text (self->activity_label, _ ("Stopping…"));
  g_cancellable_cancel (self->cancellable);
  if (self->job_id != NULL)
    pgm_engine_stop_job_async (self->engine, self->job_id, NULL, NULL, NULL);
}

static void
stop (GtkWidget *widget, const char *name, GVariant *parameter)
{
  pgm_demo_page_stop (PGM_DEMO_PAGE (widget));
}

static void
pgm_demo_page_dispose (GObject *object)
{
  PgmDemoPage *self = PGM_DEMO_PAGE (object);

  if (self->engine != NULL)
    g_signal_handlers_disconnect_by_data (self->engine, self);
  g_clear_object (&self->engine);
  g_clear_object (&self->cancellable);
  g_clear_error (&self->error);
  g_clear_pointer (&self->sample, pgm_record_unref);
  g_clear_pointer (&self->clone_report, pgm_record_unref);
  g_clear_pointer (&self->job_id, g_free);
  G_OBJECT_CLASS (pgm_demo_page_parent_class)->dispose (object);
}

static void
pgm_demo_page_class_init (PgmDemoPageClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = pgm_demo_page_dispose;
  signals[ENDED] = g_signal_new ("ended", PGM_TYPE_DEMO_PAGE, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                                 NULL, G_TYPE_NONE, 0);

  g_type_ensure (PGM_TYPE_ERROR_VIEW);
  g_type_ensure (PGM_TYPE_PHASE_STRIP);
  g_type_ensure (PGM_TYPE_TABLE_VIEW);
  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/io/github/pgmanager/Pgmanager/demo-page.ui");
  gtk_widget_class_bind_template_child (widget_class, PgmDemoPage, pages);
  gtk_widget_class_bind_template_child (widget_class, PgmDemoPage, header_buttons);
  gtk_widget_class_bind_template_child (widget_class, PgmDemoPage, stop_button);
  gtk_widget_class_bind_template_child (widget_class, PgmDemoPage, start_button);
  gtk_widget_class_bind_template_child (widget_class, PgmDemoPage, again_button);
  gtk_widget_class_bind_template_child (widget_class, PgmDemoPage, phase_strip);
  gtk_widget_class_bind_template_child (widget_class, PgmDemoPage, phase_label);
  gtk_widget_class_bind_template_child (widget_class, PgmDemoPage, result_icon);
  gtk_widget_class_bind_template_child (widget_class, PgmDemoPage, spinner);
  gtk_widget_class_bind_template_child (widget_class, PgmDemoPage, error_view);
  gtk_widget_class_bind_template_child (widget_class, PgmDemoPage, activity_label);
  gtk_widget_class_bind_template_child (widget_class, PgmDemoPage, overall_bar);
  gtk_widget_class_bind_template_child (widget_class, PgmDemoPage, numbers);
  gtk_widget_class_bind_template_child (widget_class, PgmDemoPage, rows_label);
  gtk_widget_class_bind_template_child (widget_class, PgmDemoPage, bytes_label);
  gtk_widget_class_bind_template_child (widget_class, PgmDemoPage, rate_label);
  gtk_widget_class_bind_template_child (widget_class, PgmDemoPage, time_label);
  gtk_widget_class_bind_template_child (widget_class, PgmDemoPage, table_view);
  gtk_widget_class_install_action (widget_class, "demo.start", NULL, start);
  gtk_widget_class_install_action (widget_class, "demo.stop", NULL, stop);
}

static void
pgm_demo_page_init (PgmDemoPage *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
  g_signal_connect_object (self->stop_button, "clicked", G_CALLBACK (pgm_demo_page_stop), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (self->again_button, "clicked", G_CALLBACK (pgm_demo_page_start), self,
                           G_CONNECT_SWAPPED);
  set_state (self, PGM_DEMO_IDLE);
}

static const char *
get_title (PgmShellPage *page)
{
  return _ ("Sample");
}

static GtkWidget *
get_header_widget (PgmShellPage *page)
{
  return PGM_DEMO_PAGE (page)->header_buttons;
}

static void
pgm_demo_page_shell_page_init (PgmShellPageInterface *iface)
{
  iface->get_title = get_title;
  iface->get_header_widget = get_header_widget;
}

PgmDemoPage *
pgm_demo_page_new (PgmEngine *engine)
{
  PgmDemoPage *self = g_object_new (PGM_TYPE_DEMO_PAGE, NULL);

  self->engine = g_object_ref (engine);
  g_signal_connect (engine, "snapshot", G_CALLBACK (on_snapshot), self);
  g_signal_connect (engine, "finished", G_CALLBACK (on_finished), self);
  return self;
}

PgmDemoState
pgm_demo_page_get_state (PgmDemoPage *self)
{
  return self->state;
}

const PgmSample *
pgm_demo_page_get_sample (PgmDemoPage *self)
{
  return self->sample;
}
