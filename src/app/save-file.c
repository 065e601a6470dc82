#include "app/save-file.h"

#include "core/i18n.h"

typedef struct
{
  GtkWidget *widget; /* NULL: nobody was asked */
  GtkFileChooserNative *dialog;
  char *text;
  PgmSavedFunc func;
  gpointer user_data;
} Save;

static void
save_free (Save *self)
{
  g_clear_object (&self->dialog);
  g_clear_object (&self->widget);
  g_free (self->text);
  g_free (self);
}

static void
on_written (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Save *self = user_data;
  g_autofree char *path = g_file_get_parse_name (G_FILE (source));
  g_autoptr (GError) error = NULL;

  if (!g_file_replace_contents_finish (G_FILE (source), result, NULL, &error))
    self->func (path, error, self->user_data);
  else
    self->func (path, NULL, self->user_data);
  save_free (self);
}

static void
write_text (Save *self, GFile *file)
{
  g_autoptr (GBytes) bytes = g_bytes_new (self->text, strlen (self->text));

  g_file_replace_contents_bytes_async (file, bytes, NULL, FALSE, G_FILE_CREATE_REPLACE_DESTINATION,
                                       NULL, on_written, self);
}

static void
on_response (GtkNativeDialog *dialog, int response, gpointer user_data)
{
  Save *self = user_data;
  g_autoptr (GFile) file = NULL;

  if (response == GTK_RESPONSE_ACCEPT)
    file = gtk_file_chooser_get_file (GTK_FILE_CHOOSER (dialog));
  if (file != NULL)
    {
      write_text (self, file);
      return;
    }
  {
    g_autoptr (GError) error =
        g_error_new_literal (G_IO_ERROR, G_IO_ERROR_CANCELLED, _ ("Nothing was saved."));

    self->func (NULL, error, self->user_data);
  }
  save_free (self);
}

void
pgm_save_text_async (GtkWidget *widget,
                     const char *title,
                     const char *file_name,
                     const char *text,
                     PgmSavedFunc func,
                     gpointer user_data)
{
  Save *self = g_new0 (Save, 1);
  GtkRoot *root = gtk_widget_get_root (widget);

  self->widget = g_object_ref (widget);
  self->text = g_strdup (text);
  self->func = func;
  self->user_data = user_data;
  self->dialog =
      gtk_file_chooser_native_new (title, GTK_IS_WINDOW (root) ? GTK_WINDOW (root) : NULL,
                                   GTK_FILE_CHOOSER_ACTION_SAVE, NULL, NULL);
  gtk_file_chooser_set_current_name (GTK_FILE_CHOOSER (self->dialog), file_name);
  g_signal_connect (self->dialog, "response", G_CALLBACK (on_response), self);
  gtk_native_dialog_show (GTK_NATIVE_DIALOG (self->dialog));
}

void
pgm_write_text_async (GFile *file, const char *text, PgmSavedFunc func, gpointer user_data)
{
  Save *self = g_new0 (Save, 1);

  self->text = g_strdup (text);
  self->func = func;
  self->user_data = user_data;
  write_text (self, file);
}
