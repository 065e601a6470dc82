#include "app/cutover-view.h"

#include <adwaita.h>

#include "app/migration-report.h"
#include "app/migration-words.h"
#include "app/save-file.h"
#include "app/text.h"
#include "core/i18n.h"
#include "core/units.h"

struct _PgmCutoverView
{
  GtkWidget parent_instance;
  GtkStack *pages;
  AdwStatusPage *closed_page;
  PgmCutoverAsk *ask;
  PgmCutoverSteps *steps;
  GtkLabel *clock_label;
  GtkLabel *clock_text;
  GtkButton *cancel_button;
  PgmCutoverProof *proof;

  PgmEngine *engine;
  char *job_id;
  char *source;
  char *destination;
  gboolean source_protected;
  gboolean destination_protected;

  PgmCutoverStageShown stage;
  PgmCutoverReport *cutover; /* the newest */
  gint64 closed;             /* when the one began whose proof was closed */
  gboolean back;             /* the direction that is asked for */
  gboolean possible;
  gboolean waiting;     /* asked for, and nothing of it has been seen yet */
  gint64 seen_before;   /* when the one began that was there at that time */
  gint64 stopped_since; /* monotonic; 0: writes go on */
  guint ticker;
};

G_DEFINE_FINAL_TYPE (PgmCutoverView, pgm_cutover_view, GTK_TYPE_WIDGET)

enum
{
  MESSAGE,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

/* ---- what is shown ---- */

static void
set_actions (PgmCutoverView *self)
{
  GtkWidget *widget = GTK_WIDGET (self);
  gboolean proof = self->stage == PGM_CUTOVER_STAGE_PROOF;

  gtk_widget_action_set_enabled (widget, "cutover.start",
                                 self->stage == PGM_CUTOVER_STAGE_ASKING && self->possible &&
                                     pgm_cutover_ask_is_complete (self->ask));
  gtk_widget_action_set_enabled (widget, "cutover.copy", proof);
  gtk_widget_action_set_enabled (widget, "cutover.save-text", proof);
  gtk_widget_action_set_enabled (widget, "cutover.save-json", proof);
  gtk_widget_action_set_enabled (widget, "cutover.close", proof);
}

static void
show_stage (PgmCutoverView *self, PgmCutoverStageShown stage)
{
  static const char *const names[] = { "closed", "ask", "live", "proof" };

  self->stage = stage;
  gtk_stack_set_visible_child_name (self->pages, names[stage]);
  set_actions (self);
}

static void
set_clock (PgmCutoverView *self, double milliseconds)
{
  g_autofree char *text = g_strdup_printf ("%.1f s", milliseconds / 1000);

  if (g_strcmp0 (text, gtk_label_get_text (self->clock_label)) != 0)
    gtk_label_set_text (self->clock_label, text);
}

static gboolean
on_tick (GtkWidget *widget, GdkFrameClock *clock, gpointer user_data)
{
  PgmCutoverView *self = PGM_CUTOVER_VIEW (widget);

  if (self->stopped_since == 0)
    {
      self->ticker = 0;
      return G_SOURCE_REMOVE;
    }
  set_clock (self, (double) (g_get_monotonic_time () - self->stopped_since) / 1000);
  return G_SOURCE_CONTINUE;
}

static gboolean
has_step (const PgmCutoverReport *cutover, const char *name, gboolean ended)
{
  for (guint i = 0; i < cutover->steps->len; i++)
    {
      const PgmCutoverStep *step = g_ptr_array_index (cutover->steps, i);

      if (g_strcmp0 (step->name, name) == 0)
        return !ended || step->ok;
    }
  return FALSE;
}

/* How long writes have been stopped by then: what the newest step says of when it
 * began. The rest is our own clock, so that it runs evenly. */
static double
stopped_for (const PgmCutoverReport *cutover)
{
  double newest = 0;

  for (guint i = 0; i < cutover->steps->len; i++)
    newest = MAX (newest, ((PgmCutoverStep *) g_ptr_array_index (cutover->steps, i))->at_ms);
  return newest;
}

static void
run_clock (PgmCutoverView *self, const PgmCutoverReport *cutover)
{
  gboolean stopped = has_step (cutover, "fence", FALSE) &&
                     !has_step (cutover, "fence-down", TRUE) && !has_step (cutover, "open", TRUE) &&
                     !pgm_words_cutover_is_over (cutover);

  gtk_label_set_text (self->clock_text, stopped ? _ ("Writes are stopped") : _ ("Writes go on"));
  if (!stopped)
    {
      self->stopped_since = 0;
      set_clock (self, has_step (cutover, "open", TRUE) ? cutover->stopped_ms : 0);
      return;
    }
  if (self->stopped_since == 0)
    self->stopped_since = g_get_monotonic_time () - (gint64) (stopped_for (cutover) * 1000);
  if (self->ticker == 0)
    self->ticker = gtk_widget_add_tick_callback (GTK_WIDGET (self), on_tick, NULL, NULL);
}

static void
set_target (PgmCutoverView *self)
{
  pgm_cutover_ask_set_target (self->ask, self->back ? self->source : self->destination,
                              self->back ? self->source_protected : self->destination_protected);
}

static gboolean
may_ask (const PgmSnapshot *snapshot, PgmRequestKind kind)
{
  return snapshot->requests != NULL &&
         g_strv_contains ((const char *const *) snapshot->requests, pgm_request_kind_names[kind]);
}

static void
show_closed (PgmCutoverView *self, const char *title, const char *text)
{
  adw_status_page_set_title (self->closed_page, title);
  adw_status_page_set_description (self->closed_page, text);
  if (self->stage != PGM_CUTOVER_STAGE_CLOSED)
    show_stage (self, PGM_CUTOVER_STAGE_CLOSED);
}

static void
show_asking (PgmCutoverView *self, const PgmSnapshot *snapshot)
{
  gboolean forward = may_ask (snapshot, PGM_REQUEST_SWITCHOVER);
  gboolean back = may_ask (snapshot, PGM_REQUEST_SWITCHOVER_BACK);

  self->possible = forward || back;
  /* A connection that is lost for a moment doesn't take away what was filled in. */
  if (!self->possible && self->stage == PGM_CUTOVER_STAGE_ASKING)
    {
      set_actions (self);
      return;
    }
  if (!self->possible)
    {
      show_closed (self, _ ("Not Yet"),
                   _ ("Writes can be moved once all rows are copied and changes are followed."));
      return;
    }
  if (self->back != (!forward && back))
    {
      self->back = !forward && back;
      pgm_cutover_ask_set_back (self->ask, self->back);
      set_target (self);
    }
  pgm_cutover_ask_set_lag (self->ask, snapshot->lag_bytes, snapshot->lag_sec);
  if (self->stage != PGM_CUTOVER_STAGE_ASKING)
    show_stage (self, PGM_CUTOVER_STAGE_ASKING);
  else
    set_actions (self);
}

static void
keep_cutover (PgmCutoverView *self, PgmCutoverReport *cutover)
{
  if (cutover == self->cutover)
    return;
  g_clear_pointer (&self->cutover, pgm_record_unref);
  if (cutover != NULL)
    self->cutover = pgm_record_ref (cutover);
}

static void
show_cutover (PgmCutoverView *self)
{
  if (self->cutover->started_at > self->seen_before)
    self->waiting = FALSE;
  if (pgm_words_cutover_is_over (self->cutover))
    {
      self->stopped_since = 0;
      pgm_cutover_proof_show (self->proof, self->cutover);
      show_stage (self, PGM_CUTOVER_STAGE_PROOF);
      return;
    }
  pgm_cutover_steps_show (self->steps, self->cutover);
  run_clock (self, self->cutover);
  if (self->stage != PGM_CUTOVER_STAGE_LIVE)
    show_stage (self, PGM_CUTOVER_STAGE_LIVE);
}

void
pgm_cutover_view_show (PgmCutoverView *self, const PgmSnapshot *snapshot)
{
  gboolean changed = snapshot->cutover != self->cutover;

  keep_cutover (self, snapshot->cutover);
  gtk_widget_action_set_enabled (GTK_WIDGET (self), "cutover.cancel",
                                 may_ask (snapshot, PGM_REQUEST_SWITCHOVER_CANCEL));
  if (self->cutover != NULL && self->cutover->started_at > MAX (self->closed, self->seen_before))
    {
      if (changed || self->stage != PGM_CUTOVER_STAGE_PROOF)
        show_cutover (self);
    }
  else if (!self->waiting)
    show_asking (self, snapshot);
}

void
pgm_cutover_view_end (PgmCutoverView *self, const PgmReport *report)
{
  self->possible = FALSE;
  self->waiting = FALSE;
  self->stopped_since = 0;
  gtk_widget_action_set_enabled (GTK_WIDGET (self), "cutover.cancel", FALSE);
  keep_cutover (self, report->cutover);
  if (self->cutover != NULL && self->cutover->started_at > self->closed)
    show_cutover (self);
  else
    show_closed (self, _ ("The Job Has Ended"), _ ("There is nothing to cut over any more."));
}

/* ---- actions ---- */

static void
on_asked (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (PgmCutoverView) self = user_data;
  g_autoptr (GError) error = NULL;

  if (pgm_engine_request_job_finish (PGM_ENGINE (source), result, &error))
    return;
  self->waiting = FALSE;
  if (self->stage == PGM_CUTOVER_STAGE_LIVE)
    show_stage (self, PGM_CUTOVER_STAGE_ASKING);
  g_signal_emit (self, signals[MESSAGE], 0, error->message);
}

static void
request (PgmCutoverView *self, PgmRequestKind kind, PgmSwitchoverOptions *options)
{
  PgmJobRequest *wish = pgm_record_new (&pgm_job_request_type);

  wish->kind = (int) kind;
  wish->switchover = options;
  pgm_engine_request_job_async (self->engine, self->job_id, wish, NULL, on_asked,
                                g_object_ref (self));
  pgm_record_unref (wish);
}

/* The steps stand there at once: whoever has clicked must see that it was heard. */
static void
start (GtkWidget *widget, const char *name, GVariant *parameter)
{
  PgmCutoverView *self = PGM_CUTOVER_VIEW (widget);

  self->waiting = TRUE;
  self->seen_before = self->cutover != NULL ? self->cutover->started_at : 0;
  pgm_cutover_steps_show (self->steps, NULL);
  gtk_label_set_text (self->clock_text, _ ("Writes go on"));
  set_clock (self, 0);
  show_stage (self, PGM_CUTOVER_STAGE_LIVE);
  request (self, self->back ? PGM_REQUEST_SWITCHOVER_BACK : PGM_REQUEST_SWITCHOVER,
           pgm_cutover_ask_make_options (self->ask));
}

static void
cancel (GtkWidget *widget, const char *name, GVariant *parameter)
{
  gtk_widget_action_set_enabled (widget, "cutover.cancel", FALSE);
  request (PGM_CUTOVER_VIEW (widget), PGM_REQUEST_SWITCHOVER_CANCEL, NULL);
}

static void
close_proof (GtkWidget *widget, const char *name, GVariant *parameter)
{
  PgmCutoverView *self = PGM_CUTOVER_VIEW (widget);
  PgmSnapshot *snapshot = pgm_engine_ref_snapshot (self->engine, self->job_id);
  PgmReport *report = pgm_engine_ref_report (self->engine, self->job_id);

  self->closed = self->cutover != NULL ? self->cutover->started_at : 0;
  self->stage = PGM_CUTOVER_STAGE_CLOSED;
  if (report != NULL)
    pgm_cutover_view_end (self, report);
  else if (snapshot != NULL)
    pgm_cutover_view_show (self, snapshot);
  set_actions (self);
  pgm_record_unref (snapshot);
  pgm_record_unref (report);
}

static void
copy_proof (GtkWidget *widget, const char *name, GVariant *parameter)
{
  g_autofree char *text = pgm_report_cutover_to_text (PGM_CUTOVER_VIEW (widget)->cutover);

  gdk_clipboard_set_text (gtk_widget_get_clipboard (widget), text);
  g_signal_emit (widget, signals[MESSAGE], 0, _ ("The proof was copied."));
}

static void
on_saved (const char *path, const GError *error, gpointer user_data)
{
  g_autoptr (PgmCutoverView) self = user_data;

  if (error == NULL)
    g_signal_emit (self, signals[MESSAGE], 0, _ ("The proof was saved."));
  else if (!g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    g_signal_emit (self, signals[MESSAGE], 0, error->message);
}

static void
save_proof (GtkWidget *widget, const char *name, GVariant *parameter)
{
  PgmCutoverView *self = PGM_CUTOVER_VIEW (widget);
  gboolean json = g_str_equal (name, "cutover.save-json");
  g_autofree char *text =
      json ? pgm_record_to_json (self->cutover, TRUE) : pgm_report_cutover_to_text (self->cutover);
  g_autofree char *file = g_strdup_printf ("%s-cutover.%s", self->job_id, json ? "json" : "txt");

  pgm_save_text_async (widget, _ ("Save the Proof"), file, text, on_saved, g_object_ref (self));
}

/* ---- the object ---- */

static void
pgm_cutover_view_dispose (GObject *object)
{
  PgmCutoverView *self = PGM_CUTOVER_VIEW (object);
  GtkWidget *child = gtk_widget_get_first_child (GTK_WIDGET (object));

  self->stopped_since = 0;
  if (self->ticker != 0)
    gtk_widget_remove_tick_callback (GTK_WIDGET (self), self->ticker);
  self->ticker = 0;
  if (child != NULL)
    gtk_widget_unparent (child);
  g_clear_object (&self->engine);
  g_clear_pointer (&self->job_id, g_free);
  g_clear_pointer (&self->source, g_free);
  g_clear_pointer (&self->destination, g_free);
  g_clear_pointer (&self->cutover, pgm_record_unref);
  G_OBJECT_CLASS (pgm_cutover_view_parent_class)->dispose (object);
}

static void
pgm_cutover_view_class_init (PgmCutoverViewClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = pgm_cutover_view_dispose;
  g_type_ensure (PGM_TYPE_CUTOVER_ASK);
  g_type_ensure (PGM_TYPE_CUTOVER_STEPS);
  g_type_ensure (PGM_TYPE_CUTOVER_PROOF);
  gtk_widget_class_set_layout_manager_type (widget_class, GTK_TYPE_BIN_LAYOUT);
  gtk_widget_class_set_css_name (widget_class, "cutoverview");
  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/io/github/pgmanager/Pgmanager/cutover-view.ui");
  gtk_widget_class_bind_template_child (widget_class, PgmCutoverView, pages);
  gtk_widget_class_bind_template_child (widget_class, PgmCutoverView, closed_page);
  gtk_widget_class_bind_template_child (widget_class, PgmCutoverView, ask);
  gtk_widget_class_bind_template_child (widget_class, PgmCutoverView, steps);
  gtk_widget_class_bind_template_child (widget_class, PgmCutoverView, clock_label);
  gtk_widget_class_bind_template_child (widget_class, PgmCutoverView, clock_text);
  gtk_widget_class_bind_template_child (widget_class, PgmCutoverView, cancel_button);
  gtk_widget_class_bind_template_child (widget_class, PgmCutoverView, proof);
  gtk_widget_class_install_action (widget_class, "cutover.start", NULL, start);
  gtk_widget_class_install_action (widget_class, "cutover.cancel", NULL, cancel);
  gtk_widget_class_install_action (widget_class, "cutover.close", NULL, close_proof);
  gtk_widget_class_install_action (widget_class, "cutover.copy", NULL, copy_proof);
  gtk_widget_class_install_action (widget_class, "cutover.save-text", NULL, save_proof);
  gtk_widget_class_install_action (widget_class, "cutover.save-json", NULL, save_proof);
  signals[MESSAGE] = g_signal_new ("message", PGM_TYPE_CUTOVER_VIEW, G_SIGNAL_RUN_LAST, 0, NULL,
                                   NULL, NULL, G_TYPE_NONE, 1, G_TYPE_STRING);
}

static void
pgm_cutover_view_init (PgmCutoverView *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
  g_signal_connect_swapped (self->ask, "changed", G_CALLBACK (set_actions), self);
  gtk_widget_action_set_enabled (GTK_WIDGET (self), "cutover.cancel", FALSE);
  show_closed (self, _ ("Not Yet"),
               _ ("Writes can be moved once all rows are copied and changes are followed."));
  show_stage (self, PGM_CUTOVER_STAGE_CLOSED);
}

void
pgm_cutover_view_set_job (PgmCutoverView *self, PgmEngine *engine, const char *job_id)
{
  g_set_object (&self->engine, engine);
  g_free (self->job_id);
  self->job_id = g_strdup (job_id);
}

void
pgm_cutover_view_set_ends (PgmCutoverView *self,
                           const char *source,
                           gboolean source_protected,
                           const char *destination,
                           gboolean destination_protected)
{
  g_free (self->source);
  g_free (self->destination);
  self->source = g_strdup (source);
  self->destination = g_strdup (destination);
  self->source_protected = source_protected;
  self->destination_protected = destination_protected;
  set_target (self);
}

PgmCutoverStageShown
pgm_cutover_view_get_stage (PgmCutoverView *self)
{
  return self->stage;
}

PgmCutoverAsk *
pgm_cutover_view_get_ask (PgmCutoverView *self)
{
  return self->ask;
}

PgmCutoverProof *
pgm_cutover_view_get_proof (PgmCutoverView *self)
{
  return self->proof;
}

PgmCutoverSteps *
pgm_cutover_view_get_steps (PgmCutoverView *self)
{
  return self->steps;
}

const char *
pgm_cutover_view_get_clock (PgmCutoverView *self)
{
  return gtk_label_get_text (self->clock_label);
}
