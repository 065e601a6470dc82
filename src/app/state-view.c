#include "app/state-view.h"

#include "app/error-view.h"
#include "app/text.h"
#include "core/error.h"
#include "core/i18n.h"
#include "core/text.h"
#include "core/units.h"

/* An answer that takes longer is worth a word. */
#define PATIENCE_US (3 * G_USEC_PER_SEC)

struct _PgmStateView
{
  AdwBin parent_instance;
  GtkStack *stack;
  GtkSpinner *spinner;
  GtkLabel *loading_label;
  PgmErrorView *error_view;
  GtkButton *retry_button;
  AdwStatusPage *empty_page;
  GtkButton *empty_button;
  GtkRevealer *banner;
  GtkLabel *banner_label;
  GtkButton *banner_button;
  AdwBin *content;

  PgmEngine *engine;
  PgmAsk ask;
  char *id;
  gpointer request;
  PgmAnswerFunc func;
  gpointer user_data;
  GCancellable *cancellable; /* while an answer is awaited */
  GError *error;             /* of the last answer */
  gint64 asked_at;           /* monotonic */
  gint64 answered_at;        /* real time */
  gboolean something;        /* the last answer had something to show */
  guint timer;
};

G_DEFINE_FINAL_TYPE (PgmStateView, pgm_state_view, ADW_TYPE_BIN)

static gint64
get_waiting (PgmStateView *self)
{
  return self->cancellable != NULL ? g_get_monotonic_time () - self->asked_at : 0;
}

PgmState
pgm_state_view_get_state (PgmStateView *self)
{
  if (self->answered_at == 0)
    return self->error != NULL ? PGM_STATE_ERROR : PGM_STATE_LOADING;
  if (self->error != NULL || get_waiting (self) > PATIENCE_US)
    return PGM_STATE_STALE;
  return self->something ? PGM_STATE_READY : PGM_STATE_EMPTY;
}

gint64
pgm_state_view_get_answered_at (PgmStateView *self)
{
  return self->answered_at;
}

static void
show_loading (PgmStateView *self)
{
  g_autofree char *duration = pgm_format_duration ((double) (get_waiting (self) / G_USEC_PER_SEC));
  g_autofree char *text = NULL;

  if (get_waiting (self) > PATIENCE_US)
    text = g_strdup_printf (_ ("The server hasn't answered for %s."), duration);
  gtk_label_set_text (self->loading_label, text != NULL ? text : _ ("Asking the server…"));
}

static void
show_banner (PgmStateView *self)
{
  g_autofree char *age = pgm_text_age (self->answered_at);
  g_autofree char *reason = self->error != NULL ? pgm_display_text (self->error->message)
                                                : g_strdup (_ ("The server doesn't answer"));
  g_autofree char *text = g_strdup_printf (_ ("%s. What is shown was true %s."), reason, age);

  gtk_label_set_text (self->banner_label, text);
}

static void
show_state (PgmStateView *self)
{
  PgmState state = pgm_state_view_get_state (self);
  const char *page = state == PGM_STATE_LOADING ? "loading"
                     : state == PGM_STATE_ERROR ? "error"
                     : self->something          ? "content"
                                                : "empty";

  if (state == PGM_STATE_STALE)
    {
      show_banner (self);
      gtk_widget_add_css_class (GTK_WIDGET (self->content), "stale");
      page = "content";
    }
  else
    gtk_widget_remove_css_class (GTK_WIDGET (self->content), "stale");
  gtk_revealer_set_reveal_child (self->banner, state == PGM_STATE_STALE);
  if (state == PGM_STATE_LOADING)
    show_loading (self);
  gtk_spinner_set_spinning (self->spinner, state == PGM_STATE_LOADING);
  pgm_error_view_set_error (self->error_view, state == PGM_STATE_ERROR ? self->error : NULL);
  gtk_stack_set_visible_child_name (self->stack, page);
}

/* Ages grow; nothing else needs a clock. */
static gboolean
on_second (gpointer user_data)
{
  PgmStateView *self = user_data;
  PgmState state = pgm_state_view_get_state (self);

  if (state == PGM_STATE_LOADING)
    show_loading (self);
  else if (state == PGM_STATE_STALE)
    show_state (self);
  return G_SOURCE_CONTINUE;
}

static void
pgm_state_view_map (GtkWidget *widget)
{
  PgmStateView *self = PGM_STATE_VIEW (widget);

  GTK_WIDGET_CLASS (pgm_state_view_parent_class)->map (widget);
  self->timer = g_timeout_add_seconds (1, on_second, self);
  show_state (self);
}

static void
pgm_state_view_unmap (GtkWidget *widget)
{
  PgmStateView *self = PGM_STATE_VIEW (widget);

  g_clear_handle_id (&self->timer, g_source_remove);
  GTK_WIDGET_CLASS (pgm_state_view_parent_class)->unmap (widget);
}

/* ---- the question ---------------------------------------------------------------- */

typedef struct
{
  PgmStateView *view; /* not kept alive by a question */
  GCancellable *cancellable;
  PgmAsk ask;
} Call;

static void
call_free (Call *self)
{
  g_clear_weak_pointer (&self->view);
  g_object_unref (self->cancellable);
  g_free (self);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Call, call_free)

static void
on_answer (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Call) call = user_data;
  g_autoptr (GError) error = NULL;
  gpointer answer = pgm_engine_ask_finish (PGM_ENGINE (source), result, &error);
  PgmStateView *self = call->view;

  if (self != NULL && self->cancellable == call->cancellable)
    {
      g_clear_object (&self->cancellable);
      g_clear_error (&self->error);
      if (error != NULL)
        self->error = g_steal_pointer (&error);
      else
        {
          self->answered_at = g_get_real_time ();
          self->something = self->func (answer, self->user_data);
        }
      show_state (self);
    }
  if (answer != NULL)
    pgm_question_free_answer (call->ask, answer);
}

static void
cancel (PgmStateView *self)
{
  if (self->cancellable != NULL)
    g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->cancellable);
}

static void
set_request (PgmStateView *self, gpointer request)
{
  if (request != NULL)
    pgm_record_ref (request);
  g_clear_pointer (&self->request, pgm_record_unref);
  self->request = request;
}

static void
send_question (PgmStateView *self)
{
  Call *call = g_new0 (Call, 1);

  g_set_weak_pointer (&call->view, self);
  self->cancellable = g_cancellable_new ();
  call->cancellable = g_object_ref (self->cancellable);
  call->ask = self->ask;
  self->asked_at = g_get_monotonic_time ();
  pgm_engine_ask_async (self->engine, self->ask, self->id, self->request, self->cancellable,
                        on_answer, call);
}

void
pgm_state_view_set_question (PgmStateView *self,
                             PgmEngine *engine,
                             PgmAsk ask,
                             const char *id,
                             PgmAnswerFunc func,
                             gpointer user_data)
{
  cancel (self);
  g_set_object (&self->engine, engine);
  g_free (self->id);
  self->id = g_strdup (id);
  self->ask = ask;
  self->func = func;
  self->user_data = user_data;
}

void
pgm_state_view_ask (PgmStateView *self, gpointer request)
{
  if (self->cancellable != NULL)
    return;
  set_request (self, request);
  send_question (self);
}

void
pgm_state_view_ask_anew (PgmStateView *self, gpointer request)
{
  cancel (self);
  g_clear_error (&self->error);
  self->answered_at = 0;
  set_request (self, request);
  send_question (self);
  show_state (self);
}

/* The same once more; what was shown stays until then. */
static void
retry (PgmStateView *self)
{
  cancel (self);
  if (self->answered_at == 0)
    g_clear_error (&self->error);
  if (self->engine != NULL)
    send_question (self);
  show_state (self);
}

void
pgm_state_view_show_ready (PgmStateView *self, gboolean something)
{
  g_clear_error (&self->error);
  self->answered_at = g_get_real_time ();
  self->something = something;
  show_state (self);
}

void
pgm_state_view_show_error (PgmStateView *self, const GError *error)
{
  g_clear_error (&self->error);
  self->error = g_error_copy (error);
  show_state (self);
}

/* ---- life ------------------------------------------------------------------------ */

void
pgm_state_view_set_empty (PgmStateView *self,
                          const char *icon,
                          const char *title,
                          const char *description,
                          const char *button,
                          const char *action)
{
  adw_status_page_set_icon_name (self->empty_page, icon);
  adw_status_page_set_title (self->empty_page, title);
  adw_status_page_set_description (self->empty_page, description);
  gtk_widget_set_visible (GTK_WIDGET (self->empty_button), action != NULL);
  if (action == NULL)
    return;
  gtk_button_set_label (self->empty_button, button);
  gtk_actionable_set_action_name (GTK_ACTIONABLE (self->empty_button), action);
}

static void
pgm_state_view_dispose (GObject *object)
{
  PgmStateView *self = PGM_STATE_VIEW (object);

  g_clear_handle_id (&self->timer, g_source_remove);
  cancel (self);
  g_clear_object (&self->engine);
  g_clear_pointer (&self->id, g_free);
  g_clear_pointer (&self->request, pgm_record_unref);
  g_clear_error (&self->error);
  G_OBJECT_CLASS (pgm_state_view_parent_class)->dispose (object);
}

static void
pgm_state_view_class_init (PgmStateViewClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = pgm_state_view_dispose;
  widget_class->map = pgm_state_view_map;
  widget_class->unmap = pgm_state_view_unmap;

  g_type_ensure (PGM_TYPE_ERROR_VIEW);
  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/io/github/pgmanager/Pgmanager/state-view.ui");
  gtk_widget_class_bind_template_child (widget_class, PgmStateView, stack);
  gtk_widget_class_bind_template_child (widget_class, PgmStateView, spinner);
  gtk_widget_class_bind_template_child (widget_class, PgmStateView, loading_label);
  gtk_widget_class_bind_template_child (widget_class, PgmStateView, error_view);
  gtk_widget_class_bind_template_child (widget_class, PgmStateView, retry_button);
  gtk_widget_class_bind_template_child (widget_class, PgmStateView, empty_page);
  gtk_widget_class_bind_template_child (widget_class, PgmStateView, empty_button);
  gtk_widget_class_bind_template_child (widget_class, PgmStateView, banner);
  gtk_widget_class_bind_template_child (widget_class, PgmStateView, banner_label);
  gtk_widget_class_bind_template_child (widget_class, PgmStateView, banner_button);
  gtk_widget_class_bind_template_child (widget_class, PgmStateView, content);
}

static void
pgm_state_view_init (PgmStateView *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
  g_signal_connect_swapped (self->retry_button, "clicked", G_CALLBACK (retry), self);
  g_signal_connect_swapped (self->banner_button, "clicked", G_CALLBACK (retry), self);
}

PgmStateView *
pgm_state_view_new (GtkWidget *content)
{
  PgmStateView *self = g_object_new (PGM_TYPE_STATE_VIEW, NULL);

  adw_bin_set_child (self->content, content);
  return self;
}
