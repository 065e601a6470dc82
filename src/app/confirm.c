#include "app/confirm.h"

#include "core/i18n.h"

typedef struct
{
  PgmConfirmFunc func;
  gpointer user_data;
} Asked;

static void
on_response (AdwMessageDialog *dialog, const char *response, Asked *asked)
{
  PgmConfirmAnswer answer = g_str_equal (response, "accept")  ? PGM_CONFIRM_ACCEPT
                            : g_str_equal (response, "other") ? PGM_CONFIRM_OTHER
                                                              : PGM_CONFIRM_CANCEL;

  asked->func (answer, asked->user_data);
}

static void
free_asked (gpointer data, GClosure *closure)
{
  g_free (data);
}

AdwMessageDialog *
pgm_confirm_async (GtkWidget *widget,
                   const PgmConfirmQuestion *question,
                   PgmConfirmFunc func,
                   gpointer user_data)
{
  GtkRoot *root = gtk_widget_get_root (widget);
  GtkWidget *widget_dialog = adw_message_dialog_new (
      GTK_IS_WINDOW (root) ? GTK_WINDOW (root) : NULL, question->heading, question->body);
  AdwMessageDialog *dialog = ADW_MESSAGE_DIALOG (widget_dialog);
  Asked *asked = g_new0 (Asked, 1);

  asked->func = func;
  asked->user_data = user_data;
  adw_message_dialog_add_response (dialog, "cancel", _ ("_Cancel"));
  if (question->other != NULL)
    adw_message_dialog_add_response (dialog, "other", question->other);
  adw_message_dialog_add_response (dialog, "accept", question->accept);
  adw_message_dialog_set_response_appearance (
      dialog, "accept", question->destructive ? ADW_RESPONSE_DESTRUCTIVE : ADW_RESPONSE_SUGGESTED);
  adw_message_dialog_set_default_response (dialog, question->destructive ? "cancel" : "accept");
  adw_message_dialog_set_close_response (dialog, "cancel");
  g_signal_connect_data (dialog, "response", G_CALLBACK (on_response), asked, free_asked, 0);
  gtk_window_present (GTK_WINDOW (dialog));
  return dialog;
}
