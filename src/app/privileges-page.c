#include "app/privileges-page.h"

#include "app/fact-group.h"
#include "app/scroll-page.h"
#include "app/text.h"
#include "core/i18n.h"
#include "core/text.h"

static const struct
{
  const char *name;  /* on the wire */
  const char *title; /* N_() */
} purposes[] = {
  { "migrate-from", N_ ("Migrate From Here") },
  { "migrate-to", N_ ("Migrate to Here") },
  { "monitor", N_ ("Monitor") },
  { "back-up", N_ ("Back Up") },
  { "administer", N_ ("Administer") },
};

#define N_PURPOSES G_N_ELEMENTS (purposes)

struct _PgmPrivilegesPage
{
  AdwBin parent_instance;
  PgmStateView *state_view;
  GtkLabel *role_label;
  PgmFactGroup *groups[N_PURPOSES];
  GtkWidget *script_box;
  GtkLabel *script;
  char *node_id;
  guint missing;
};

G_DEFINE_FINAL_TYPE (PgmPrivilegesPage, pgm_privileges_page, ADW_TYPE_BIN)

enum
{
  ANSWERED,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

static void
show_privilege (PgmFactRow *row, const PgmPrivilege *privilege)
{
  const char *subtitle = privilege->note;

  if (privilege->granted)
    pgm_fact_row_set_icon (row, "pgm-state-ok-symbolic", "success", _ ("Granted"));
  else if (privilege->required)
    pgm_fact_row_set_icon (row, "pgm-state-error-symbolic", "error", _ ("Missing"));
  else
    pgm_fact_row_set_icon (row, "pgm-state-warning-symbolic", "warning", _ ("Missing, optional"));
  if (!privilege->granted && privilege->disables != NULL)
    subtitle = privilege->disables;
  pgm_fact_row_set_title (row, privilege->name);
  pgm_fact_row_set_subtitle (row, subtitle);
  pgm_fact_row_set_value (row,
                          privilege->granted    ? _ ("granted")
                          : privilege->required ? _ ("missing")
                                                : _ ("optional"),
                          NULL);
  pgm_fact_row_set_code (row, privilege->granted ? NULL : privilege->grant_sql);
}

static void
show_purpose (PgmPrivilegesPage *self, guint purpose, const PgmPrivilegeMatrix *matrix)
{
  PgmFactGroup *group = self->groups[purpose];

  pgm_fact_group_begin (group);
  for (guint i = 0; i < matrix->privileges->len; i++)
    {
      const PgmPrivilege *privilege = g_ptr_array_index (matrix->privileges, i);

      if (g_strcmp0 (privilege->purpose, purposes[purpose].name) != 0)
        continue;
      show_privilege (pgm_fact_group_get_row (group, privilege->name), privilege);
      self->missing += !privilege->granted && privilege->required;
    }
  pgm_fact_group_end (group);
}

static gboolean
on_matrix (gpointer answer, gpointer user_data)
{
  PgmPrivilegesPage *self = user_data;
  const PgmPrivilegeMatrix *matrix = answer;
  g_autofree char *text = NULL;
  g_autofree char *plain = NULL;
  g_autofree char *script = pgm_text_to_lines (matrix->script);

  self->missing = 0;
  for (guint i = 0; i < N_PURPOSES; i++)
    show_purpose (self, i, matrix);
  text =
      g_strdup_printf (matrix->superuser ? _ ("%s is a superuser on PostgreSQL %s, in database %s")
                                         : _ ("%s on PostgreSQL %s, in database %s"),
                       matrix->role, matrix->version, matrix->database);
  plain = pgm_display_text (text);
  gtk_label_set_text (self->role_label, plain);
  gtk_label_set_text (self->script, script);
  gtk_widget_set_visible (self->script_box, *script != '\0');
  g_signal_emit (self, signals[ANSWERED], 0, answer);
  return TRUE;
}

static PgmPrivilegesQuery *
make_query (PgmPrivilegesPage *self)
{
  PgmPrivilegesQuery *query = pgm_record_new (&pgm_privileges_query_type);

  query->node = g_strdup (self->node_id);
  return query;
}

void
pgm_privileges_page_set_node (PgmPrivilegesPage *self, const char *node_id)
{
  PgmPrivilegesQuery *query;

  g_free (self->node_id);
  self->node_id = g_strdup (node_id);
  query = make_query (self);
  pgm_state_view_ask_anew (self->state_view, query);
  pgm_record_unref (query);
}

void
pgm_privileges_page_refresh (PgmPrivilegesPage *self)
{
  PgmPrivilegesQuery *query = make_query (self);

  pgm_state_view_ask (self->state_view, query);
  pgm_record_unref (query);
}

PgmStateView *
pgm_privileges_page_get_state_view (PgmPrivilegesPage *self)
{
  return self->state_view;
}

const char *
pgm_privileges_page_get_script (PgmPrivilegesPage *self)
{
  return gtk_label_get_text (self->script);
}

guint
pgm_privileges_page_count_missing (PgmPrivilegesPage *self)
{
  return self->missing;
}

static void
on_copy (PgmPrivilegesPage *self)
{
  gdk_clipboard_set_text (gtk_widget_get_clipboard (GTK_WIDGET (self)),
                          gtk_label_get_text (self->script));
}

static void
pgm_privileges_page_dispose (GObject *object)
{
  g_clear_pointer (&PGM_PRIVILEGES_PAGE (object)->node_id, g_free);
  G_OBJECT_CLASS (pgm_privileges_page_parent_class)->dispose (object);
}

static void
pgm_privileges_page_class_init (PgmPrivilegesPageClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = pgm_privileges_page_dispose;
  signals[ANSWERED] = g_signal_new ("answered", PGM_TYPE_PRIVILEGES_PAGE, G_SIGNAL_RUN_LAST, 0,
                                    NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_POINTER);
}

static GtkWidget *
make_script_box (PgmPrivilegesPage *self)
{
  GtkWidget *box = gtk_box_new (GTK_ORIENTATION_VERTICAL, 6);
  GtkWidget *line = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 6);
  GtkWidget *title = gtk_label_new (_ ("A Role With Exactly What It Needs"));
  GtkWidget *button = gtk_button_new_with_mnemonic (_ ("_Copy the Script"));
  GtkWidget *code = gtk_box_new (GTK_ORIENTATION_VERTICAL, 0);

  gtk_widget_add_css_class (title, "heading");
  gtk_label_set_xalign (GTK_LABEL (title), 0);
  gtk_widget_set_hexpand (title, TRUE);
  g_signal_connect_object (button, "clicked", G_CALLBACK (on_copy), self, G_CONNECT_SWAPPED);
  self->script = GTK_LABEL (gtk_label_new (NULL));
  gtk_label_set_xalign (self->script, 0);
  gtk_label_set_wrap (self->script, TRUE);
  gtk_label_set_selectable (self->script, TRUE);
  gtk_widget_add_css_class (GTK_WIDGET (self->script), "sql");
  gtk_widget_add_css_class (code, "code-box");
  gtk_box_append (GTK_BOX (code), GTK_WIDGET (self->script));
  gtk_box_append (GTK_BOX (line), title);
  gtk_box_append (GTK_BOX (line), button);
  gtk_box_append (GTK_BOX (box), line);
  gtk_box_append (GTK_BOX (box), code);
  gtk_widget_set_margin_top (box, 12);
  return box;
}

static void
pgm_privileges_page_init (PgmPrivilegesPage *self)
{
  GtkBox *box;
  GtkWidget *page = pgm_scroll_page_new (&box);

  self->role_label = GTK_LABEL (gtk_label_new (NULL));
  gtk_label_set_xalign (self->role_label, 0);
  gtk_label_set_wrap (self->role_label, TRUE);
  gtk_widget_add_css_class (GTK_WIDGET (self->role_label), "title-4");
  gtk_box_append (box, GTK_WIDGET (self->role_label));
  for (guint i = 0; i < N_PURPOSES; i++)
    {
      self->groups[i] = pgm_fact_group_new (_ (purposes[i].title), NULL);
      gtk_box_append (box, GTK_WIDGET (self->groups[i]));
    }
  self->script_box = make_script_box (self);
  gtk_box_append (box, self->script_box);
  self->state_view = pgm_state_view_new (page);
  adw_bin_set_child (ADW_BIN (self), GTK_WIDGET (self->state_view));
}

PgmPrivilegesPage *
pgm_privileges_page_new (PgmEngine *engine, const char *cluster_id)
{
  PgmPrivilegesPage *self = g_object_new (PGM_TYPE_PRIVILEGES_PAGE, NULL);

  pgm_state_view_set_question (self->state_view, engine, PGM_ASK_READ_PRIVILEGES, cluster_id,
                               on_matrix, self);
  return self;
}
