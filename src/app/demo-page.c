#include "app/demo-page.h"

#include "app/demo-story.h"
#include "app/error-view.h"
#include "app/shell-page.h"
#include "app/text.h"
#include "core/i18n.h"
#include "core/units.h"

struct _PgmDemoPage
{
  AdwBin parent_instance;

  GtkStack *pages;
  GtkWidget *header_buttons;
  GtkWidget *stop_button;
  GtkWidget *start_button;
  GtkWidget *again_button;
  GtkImage *result_icon;
  GtkSpinner *spinner;
  GtkLabel *result_label;
  GtkLabel *story_label;
  PgmErrorView *error_view;
  AdwBin *page_bin;

  PgmEngine *engine;
  PgmDemoState state;
  GCancellable *cancellable;
  PgmSample *sample;
  PgmDemoStory *story;
  GError *error;        /* what ended the run before its time */
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
tell (PgmDemoPage *self, const char *headline, const char *text)
{
  g_autofree char *shown = pgm_text_to_lines (text);

  if (headline != NULL)
    gtk_label_set_text (self->result_label, headline);
  gtk_label_set_text (self->story_label, shown);
}

/* ---- the page of the job ---- */

PgmMigrationPage *
pgm_demo_page_get_migration (PgmDemoPage *self)
{
  GtkWidget *page = adw_bin_get_child (self->page_bin);

  return page != NULL ? PGM_MIGRATION_PAGE (page) : NULL;
}

static void
show_job (PgmDemoPage *self, const char *id)
{
  adw_bin_set_child (self->page_bin,
                     id != NULL ? GTK_WIDGET (pgm_migration_page_new (self->engine, id)) : NULL);
  pgm_shell_page_changed (PGM_SHELL_PAGE (self));
}

/* ---- the end ---- */

static char *
describe (PgmDemoPage *self)
{
  const PgmReport *clone = pgm_demo_story_get_clone_report (self->story);
  const PgmSampleActivity *activity = pgm_demo_story_get_activity (self->story);
  g_autofree char *rows = pgm_format_count (clone->rows);
  g_autofree char *there =
      pgm_format_duration_ms (pgm_demo_story_get_stopped_ms (self->story, FALSE));
  g_autofree char *back =
      pgm_format_duration_ms (pgm_demo_story_get_stopped_ms (self->story, TRUE));
  g_autofree char *source = pgm_format_count (activity->source_orders);
  g_autofree char *destination = pgm_format_count (activity->destination_orders);
  g_autofree char *gap = pgm_format_duration_ms (activity->longest_gap_ms);

  return g_strdup_printf (
      _ ("%s rows cloned; writes moved there in %s and back in %s%s. Customers placed %s orders at "
         "the source and %s at the destination; none of them waited longer than %s. Both clusters "
         "were removed again."),
      rows, there, back, pgm_demo_story_is_proved (self->story) ? _ (", both proved") : "", source,
      destination, gap);
}

static void
show_result (PgmDemoPage *self, const char *icon, const char *css_class)
{
  const char *const classes[] = { css_class, NULL };

  gtk_image_set_from_icon_name (self->result_icon, icon);
  gtk_widget_set_css_classes (GTK_WIDGET (self->result_icon), (const char **) (guintptr) classes);
}

static void
show_success (PgmDemoPage *self)
{
  const PgmReport *compared = pgm_demo_story_get_compare_report (self->story);
  gboolean equal = compared->outcome == PGM_OUTCOME_DONE;
  g_autofree char *text = describe (self);

  tell (self, equal ? _ ("Equal") : _ ("Different"), text);
  show_result (self, equal ? "emblem-ok-symbolic" : "dialog-warning-symbolic",
               equal ? "success" : "warning");
}

/* Everything is over: the result stands until the demo is run again. */
static void
finish (PgmDemoPage *self)
{
  if (self->error != NULL && pgm_error_is_cancelled (self->error))
    {
      tell (self, _ ("Stopped"), _ ("The demo was stopped and both clusters were removed."));
      show_result (self, "media-playback-stop-symbolic", "warning");
    }
  else if (self->error != NULL)
    {
      tell (self, _ ("Failed"),
            self->left_behind ? _ ("The clusters could not be removed.")
                              : _ ("The demo ended before its time; both clusters were removed."));
      show_result (self, "dialog-error-symbolic", "error");
      pgm_error_view_set_error (self->error_view, self->error);
    }
  else
    show_success (self);
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
  if (self->sample == NULL)
    {
      finish (self);
      return;
    }
  set_state (self, PGM_DEMO_CLEANING);
  tell (self, NULL, _ ("Removing both clusters…"));
  pgm_engine_stop_sample_async (self->engine, self->sample->id, NULL, on_sample_stopped,
                                g_object_ref (self));
}

/* ---- the story ---- */

static void
on_job (PgmDemoPage *self, const char *id)
{
  show_job (self, id);
}

static void
on_told (PgmDemoPage *self, const char *text)
{
  if (!g_cancellable_is_cancelled (self->cancellable)) /* "Stopping…" stands */
    tell (self, NULL, text);
}

static void
on_tab (PgmDemoPage *self, const char *name)
{
  if (pgm_demo_page_get_migration (self) != NULL)
    pgm_migration_page_show_tab (pgm_demo_page_get_migration (self), name);
}

static void
on_story_ended (PgmDemoPage *self)
{
  const GError *error = pgm_demo_story_get_error (self->story);

  if (error != NULL)
    self->error = g_error_copy (error);
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
  g_clear_object (&self->story);
  self->story = pgm_demo_story_new (self->engine, self->sample);
  g_signal_connect_object (self->story, "job", G_CALLBACK (on_job), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->story, "told", G_CALLBACK (on_told), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->story, "tab", G_CALLBACK (on_tab), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->story, "ended", G_CALLBACK (on_story_ended), self,
                           G_CONNECT_SWAPPED);
  set_state (self, PGM_DEMO_RUNNING);
  gtk_label_set_text (self->result_label, _ ("The Sample"));
  pgm_demo_story_begin (self->story, self->cancellable);
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
  self->left_behind = FALSE;
  show_job (self, NULL);
  pgm_error_view_set_error (self->error_view, NULL);
  tell (self, _ ("Preparing"), _ ("Making two throw-away clusters with a sample shop…"));
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
  PgmMigrationPage *page = pgm_demo_page_get_migration (self);

  if (self->state != PGM_DEMO_PREPARING && self->state != PGM_DEMO_RUNNING)
    return;
  tell (self, NULL, _ ("Stopping…"));
  g_cancellable_cancel (self->cancellable);
  if (page != NULL)
    pgm_engine_stop_job_async (self->engine, pgm_migration_page_get_job_id (page), NULL, NULL,
                               NULL);
}

static void
stop (GtkWidget *widget, const char *name, GVariant *parameter)
{
  pgm_demo_page_stop (PGM_DEMO_PAGE (widget));
}

/* ---- as a page of the shell ---- */

static const char *
get_title (PgmShellPage *page)
{
  return _ ("Sample");
}

static AdwViewStack *
get_view_stack (PgmShellPage *page)
{
  PgmMigrationPage *migration = pgm_demo_page_get_migration (PGM_DEMO_PAGE (page));

  return migration != NULL ? pgm_shell_page_get_view_stack (GTK_WIDGET (migration)) : NULL;
}

static GtkWidget *
get_header_widget (PgmShellPage *page)
{
  return PGM_DEMO_PAGE (page)->header_buttons;
}

static gboolean
search (PgmShellPage *page)
{
  PgmMigrationPage *migration = pgm_demo_page_get_migration (PGM_DEMO_PAGE (page));

  return migration != NULL && pgm_shell_page_search (GTK_WIDGET (migration));
}

static void
pgm_demo_page_shell_page_init (PgmShellPageInterface *iface)
{
  iface->get_title = get_title;
  iface->get_view_stack = get_view_stack;
  iface->get_header_widget = get_header_widget;
  iface->search = search;
}

/* ---- the object ---- */

static void
pgm_demo_page_dispose (GObject *object)
{
  PgmDemoPage *self = PGM_DEMO_PAGE (object);

  g_clear_object (&self->story);
  g_clear_object (&self->engine);
  g_clear_object (&self->cancellable);
  g_clear_error (&self->error);
  g_clear_pointer (&self->sample, pgm_record_unref);
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
  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/io/github/pgmanager/Pgmanager/demo-page.ui");
  gtk_widget_class_bind_template_child (widget_class, PgmDemoPage, pages);
  gtk_widget_class_bind_template_child (widget_class, PgmDemoPage, header_buttons);
  gtk_widget_class_bind_template_child (widget_class, PgmDemoPage, stop_button);
  gtk_widget_class_bind_template_child (widget_class, PgmDemoPage, start_button);
  gtk_widget_class_bind_template_child (widget_class, PgmDemoPage, again_button);
  gtk_widget_class_bind_template_child (widget_class, PgmDemoPage, result_icon);
  gtk_widget_class_bind_template_child (widget_class, PgmDemoPage, spinner);
  gtk_widget_class_bind_template_child (widget_class, PgmDemoPage, result_label);
  gtk_widget_class_bind_template_child (widget_class, PgmDemoPage, story_label);
  gtk_widget_class_bind_template_child (widget_class, PgmDemoPage, error_view);
  gtk_widget_class_bind_template_child (widget_class, PgmDemoPage, page_bin);
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

PgmDemoPage *
pgm_demo_page_new (PgmEngine *engine)
{
  PgmDemoPage *self = g_object_new (PGM_TYPE_DEMO_PAGE, NULL);

  self->engine = g_object_ref (engine);
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
