#include "app/connect-dialog.h"

#include "app/error-view.h"
#include "core/error.h"
#include "core/i18n.h"

struct _PgmConnectDialog
{
  AdwWindow parent_instance;
  GtkWidget *connect_button;
  GtkSpinner *spinner;
  PgmErrorView *error_view;
  GtkEditable *url_row;
  GtkEditable *token_row;
  GtkEditable *fingerprint_row;
  const PgmOutside *outside;
  PgmEngine *engine; /* that is being tried */
  PgmSecret *token;
  char *url;
  GCancellable *cancellable;
};

G_DEFINE_FINAL_TYPE (PgmConnectDialog, pgm_connect_dialog, ADW_TYPE_WINDOW)

enum
{
  CONNECTED,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

typedef struct
{
  const PgmOutside *outside;
  char *url;
  PgmSecret *token;
} Keep;

static void
keep_free (gpointer data)
{
  Keep *keep = data;

  g_free (keep->url);
  pgm_secret_unref (keep->token);
  g_free (keep);
}

static void
set_busy (PgmConnectDialog *self, gboolean busy)
{
  gtk_spinner_set_spinning (self->spinner, busy);
  gtk_widget_set_sensitive (self->connect_button, !busy);
}

/* ---- the token, where keyrings may be waited for --------------------------------- */

static void
store_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  Keep *keep = data;
  g_autoptr (GError) error = NULL;

  if (!keep->outside->store_token (keep->url, keep->token, &error))
    g_warning ("token of %s: %s", keep->url, error->message);
  g_task_return_boolean (task, TRUE);
}

static void
store_token (PgmConnectDialog *self)
{
  g_autoptr (GTask) task = g_task_new (NULL, NULL, NULL, NULL);
  Keep *keep = g_new0 (Keep, 1);

  keep->outside = self->outside;
  keep->url = g_strdup (self->url);
  keep->token = pgm_secret_ref (self->token);
  g_task_set_task_data (task, keep, keep_free);
  g_task_run_in_thread (task, store_thread);
}

static void
lookup_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  const Keep *keep = data;

  g_task_return_pointer (task, keep->outside->lookup_token (keep->url),
                         (GDestroyNotify) pgm_secret_unref);
}

static void
on_token (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (PgmConnectDialog) self = user_data;
  g_autoptr (PgmSecret) token = g_task_propagate_pointer (G_TASK (result), NULL);

  if (g_cancellable_is_cancelled (self->cancellable))
    return;
  set_busy (self, FALSE);
  if (token == NULL)
    return;
  gtk_editable_set_text (self->token_row, pgm_secret_reveal (token));
  pgm_connect_dialog_connect (self);
}

static void
lookup_token (PgmConnectDialog *self, const char *url)
{
  g_autoptr (GTask) task = g_task_new (NULL, NULL, on_token, g_object_ref (self));
  Keep *keep = g_new0 (Keep, 1);

  keep->outside = self->outside;
  keep->url = g_strdup (url);
  set_busy (self, TRUE);
  g_task_set_task_data (task, keep, keep_free);
  g_task_run_in_thread (task, lookup_thread);
}

/* ---- trying ---------------------------------------------------------------------- */

static void
show_failure (PgmConnectDialog *self, const GError *error)
{
  set_busy (self, FALSE);
  g_clear_object (&self->engine);
  pgm_error_view_set_error (self->error_view, error);
}

static void
on_answer (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (PgmConnectDialog) self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) clusters = pgm_engine_ask_finish (PGM_ENGINE (source), result, &error);

  if (g_cancellable_is_cancelled (self->cancellable))
    return;
  if (clusters == NULL)
    {
      show_failure (self, error);
      return;
    }
  if (self->token != NULL)
    store_token (self);
  g_signal_emit (self, signals[CONNECTED], 0, self->engine, self->url);
  gtk_window_destroy (GTK_WINDOW (self));
}

void
pgm_connect_dialog_connect (PgmConnectDialog *self)
{
  const char *fingerprint = gtk_editable_get_text (self->fingerprint_row);
  g_autofree char *token = g_strdup (gtk_editable_get_text (self->token_row));
  g_autoptr (GError) error = NULL;

  g_clear_pointer (&self->token, pgm_secret_unref);
  g_free (self->url);
  self->url = g_strstrip (g_strdup (gtk_editable_get_text (self->url_row)));
  g_strstrip (token);
  if (*token != '\0')
    self->token = pgm_secret_new_take (g_steal_pointer (&token));
  pgm_error_view_set_error (self->error_view, NULL);
  self->engine = self->outside->connect (self->url, self->token,
                                         *fingerprint != '\0' ? fingerprint : NULL, &error);
  if (self->engine == NULL)
    {
      show_failure (self, error);
      return;
    }
  set_busy (self, TRUE);
  pgm_engine_ask_async (self->engine, PGM_ASK_LIST_CLUSTERS, NULL, NULL, self->cancellable,
                        on_answer, g_object_ref (self));
}

/* ---- life ------------------------------------------------------------------------ */

static void
pgm_connect_dialog_dispose (GObject *object)
{
  PgmConnectDialog *self = PGM_CONNECT_DIALOG (object);

  g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->engine);
  g_clear_pointer (&self->token, pgm_secret_unref);
  g_clear_pointer (&self->url, g_free);
  G_OBJECT_CLASS (pgm_connect_dialog_parent_class)->dispose (object);
}

static void
pgm_connect_dialog_finalize (GObject *object)
{
  g_object_unref (PGM_CONNECT_DIALOG (object)->cancellable);
  G_OBJECT_CLASS (pgm_connect_dialog_parent_class)->finalize (object);
}

static void
pgm_connect_dialog_class_init (PgmConnectDialogClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = pgm_connect_dialog_dispose;
  G_OBJECT_CLASS (klass)->finalize = pgm_connect_dialog_finalize;
  signals[CONNECTED] =
      g_signal_new ("connected", PGM_TYPE_CONNECT_DIALOG, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                    G_TYPE_NONE, 2, PGM_TYPE_ENGINE, G_TYPE_STRING);
  g_type_ensure (PGM_TYPE_ERROR_VIEW);
  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/io/github/pgmanager/Pgmanager/connect-dialog.ui");
  gtk_widget_class_bind_template_child (widget_class, PgmConnectDialog, connect_button);
  gtk_widget_class_bind_template_child (widget_class, PgmConnectDialog, spinner);
  gtk_widget_class_bind_template_child (widget_class, PgmConnectDialog, error_view);
  gtk_widget_class_bind_template_child (widget_class, PgmConnectDialog, url_row);
  gtk_widget_class_bind_template_child (widget_class, PgmConnectDialog, token_row);
  gtk_widget_class_bind_template_child (widget_class, PgmConnectDialog, fingerprint_row);
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_Escape, 0, "window.close", NULL);
}

static void
pgm_connect_dialog_init (PgmConnectDialog *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
  self->cancellable = g_cancellable_new ();
  g_signal_connect_swapped (self->connect_button, "clicked",
                            G_CALLBACK (pgm_connect_dialog_connect), self);
  g_signal_connect_swapped (self->token_row, "entry-activated",
                            G_CALLBACK (pgm_connect_dialog_connect), self);
}

PgmConnectDialog *
pgm_connect_dialog_new (GtkWindow *parent, const PgmOutside *outside, const char *url)
{
  PgmConnectDialog *self = g_object_new (PGM_TYPE_CONNECT_DIALOG, "transient-for", parent, NULL);

  self->outside = outside;
  if (url != NULL)
    {
      gtk_editable_set_text (self->url_row, url);
      lookup_token (self, url);
    }
  return self;
}
