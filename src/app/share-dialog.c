#include "app/share-dialog.h"

#include "app/error-view.h"
#include "core/i18n.h"

gboolean
pgm_share_start (PgmShare *self, GError **error)
{
  if (self->server == NULL)
    self->server = self->outside->serve (self->engine, &self->urls, &self->token, error);
  return self->server != NULL;
}

void
pgm_share_stop (PgmShare *self)
{
  if (self->server != NULL)
    self->outside->unserve (self->server);
  self->server = NULL;
  self->urls = NULL;
  g_clear_pointer (&self->token, pgm_secret_unref);
}

struct _PgmShareDialog
{
  AdwWindow parent_instance;
  GtkBox *box;
  GtkSwitch *serve_switch;
  PgmErrorView *error_view;
  PgmFactGroup *facts;
  PgmShare *share;
};

G_DEFINE_FINAL_TYPE (PgmShareDialog, pgm_share_dialog, ADW_TYPE_WINDOW)

static void
on_copy_token (PgmShareDialog *self)
{
  if (self->share->token != NULL)
    gdk_clipboard_set_text (gtk_widget_get_clipboard (GTK_WIDGET (self)),
                            pgm_secret_reveal (self->share->token));
}

/* The token is copied without being shown. */
static void
show_token (PgmShareDialog *self)
{
  gboolean there = pgm_fact_group_find_row (self->facts, "token") != NULL;
  PgmFactRow *row = pgm_fact_group_get_row (self->facts, "token");
  GtkWidget *button;

  if (there)
    return;
  pgm_fact_row_set_title (row, _ ("Token"));
  pgm_fact_row_set_subtitle (row, _ ("Whoever has it may do everything"));
  button = gtk_button_new_with_mnemonic (_ ("_Copy"));
  g_signal_connect_object (button, "clicked", G_CALLBACK (on_copy_token), self, G_CONNECT_SWAPPED);
  pgm_fact_row_add_suffix (row, button);
}

static void
show_share (PgmShareDialog *self)
{
  pgm_fact_group_begin (self->facts);
  for (guint i = 0; self->share->urls != NULL && self->share->urls[i] != NULL; i++)
    {
      PgmFactRow *row = pgm_fact_group_get_row (self->facts, self->share->urls[i]);

      pgm_fact_row_set_title (row, _ ("Address"));
      pgm_fact_row_set_code (row, self->share->urls[i]);
    }
  if (self->share->server != NULL)
    show_token (self);
  pgm_fact_group_end (self->facts);
}

static gboolean
on_switch_state (PgmShareDialog *self, gboolean active)
{
  g_autoptr (GError) error = NULL;

  if (!active)
    pgm_share_stop (self->share);
  else if (!pgm_share_start (self->share, &error))
    active = FALSE;
  g_signal_handlers_block_by_func (self->serve_switch, on_switch_state, self);
  gtk_switch_set_active (self->serve_switch, active);
  gtk_switch_set_state (self->serve_switch, active);
  g_signal_handlers_unblock_by_func (self->serve_switch, on_switch_state, self);
  pgm_error_view_set_error (self->error_view, error);
  show_share (self);
  return TRUE;
}

static void
pgm_share_dialog_class_init (PgmShareDialogClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  g_type_ensure (PGM_TYPE_ERROR_VIEW);
  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/io/github/pgmanager/Pgmanager/share-dialog.ui");
  gtk_widget_class_bind_template_child (widget_class, PgmShareDialog, box);
  gtk_widget_class_bind_template_child (widget_class, PgmShareDialog, serve_switch);
  gtk_widget_class_bind_template_child (widget_class, PgmShareDialog, error_view);
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_Escape, 0, "window.close", NULL);
}

static void
pgm_share_dialog_init (PgmShareDialog *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
  self->facts = pgm_fact_group_new (NULL, NULL);
  gtk_box_append (self->box, GTK_WIDGET (self->facts));
}

PgmShareDialog *
pgm_share_dialog_new (GtkWindow *parent, PgmShare *share)
{
  PgmShareDialog *self = g_object_new (PGM_TYPE_SHARE_DIALOG, "transient-for", parent, NULL);

  self->share = share;
  gtk_switch_set_active (self->serve_switch, share->server != NULL);
  gtk_switch_set_state (self->serve_switch, share->server != NULL);
  g_signal_connect_swapped (self->serve_switch, "state-set", G_CALLBACK (on_switch_state), self);
  show_share (self);
  return self;
}

PgmFactGroup *
pgm_share_dialog_get_facts (PgmShareDialog *self)
{
  return self->facts;
}

const char *
pgm_share_dialog_get_address (PgmShareDialog *self)
{
  return self->share->urls != NULL ? self->share->urls[0] : NULL;
}

const char *
pgm_share_dialog_get_token (PgmShareDialog *self)
{
  return pgm_secret_reveal (self->share->token);
}
