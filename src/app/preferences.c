#include "app/preferences.h"

#include "app/settings.h"
#include "core/i18n.h"

static const int refresh_choices[] = { 1, 2, 5, 10, 30, 60 };
static const char *const style_choices[] = { "system", "light", "dark" };

struct _PgmPreferences
{
  AdwWindow parent_instance;
  GtkWidget *page;
  GtkWidget *unremembered;
  AdwComboRow *style_row;
  AdwComboRow *refresh_row;
  GtkSwitch *background_switch;
  GtkSwitch *notify_switch;
  GSettings *settings;
};

G_DEFINE_FINAL_TYPE (PgmPreferences, pgm_preferences, ADW_TYPE_WINDOW)

static void
on_style (PgmPreferences *self)
{
  guint selected = adw_combo_row_get_selected (self->style_row);

  if (selected < G_N_ELEMENTS (style_choices))
    g_settings_set_string (self->settings, PGM_SETTING_STYLE, style_choices[selected]);
}

static void
on_refresh (PgmPreferences *self)
{
  guint selected = adw_combo_row_get_selected (self->refresh_row);

  if (selected < G_N_ELEMENTS (refresh_choices))
    g_settings_set_int (self->settings, PGM_SETTING_REFRESH, refresh_choices[selected]);
}

/* The nearest of the choices, should somebody have written another one. */
static guint
find_refresh (int seconds)
{
  guint i = 0;

  while (i + 1 < G_N_ELEMENTS (refresh_choices) && refresh_choices[i] < seconds)
    i++;
  return i;
}

static guint
find_style (const char *style)
{
  for (guint i = 0; i < G_N_ELEMENTS (style_choices); i++)
    if (g_strcmp0 (style, style_choices[i]) == 0)
      return i;
  return 0;
}

static void
fill_refresh (PgmPreferences *self)
{
  g_autoptr (GtkStringList) names = gtk_string_list_new (NULL);

  for (gsize i = 0; i < G_N_ELEMENTS (refresh_choices); i++)
    gtk_string_list_take (names, g_strdup_printf (_ ("%d s"), refresh_choices[i]));
  adw_combo_row_set_model (self->refresh_row, G_LIST_MODEL (names));
}

static void
bind_settings (PgmPreferences *self)
{
  g_autofree char *style = g_settings_get_string (self->settings, PGM_SETTING_STYLE);

  adw_combo_row_set_selected (self->style_row, find_style (style));
  adw_combo_row_set_selected (
      self->refresh_row, find_refresh (g_settings_get_int (self->settings, PGM_SETTING_REFRESH)));
  g_settings_bind (self->settings, PGM_SETTING_BACKGROUND, self->background_switch, "active",
                   G_SETTINGS_BIND_DEFAULT);
  g_settings_bind (self->settings, PGM_SETTING_NOTIFY, self->notify_switch, "active",
                   G_SETTINGS_BIND_DEFAULT);
  g_signal_connect_swapped (self->style_row, "notify::selected", G_CALLBACK (on_style), self);
  g_signal_connect_swapped (self->refresh_row, "notify::selected", G_CALLBACK (on_refresh), self);
}

static void
pgm_preferences_dispose (GObject *object)
{
  g_clear_object (&PGM_PREFERENCES (object)->settings);
  G_OBJECT_CLASS (pgm_preferences_parent_class)->dispose (object);
}

static void
pgm_preferences_class_init (PgmPreferencesClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = pgm_preferences_dispose;
  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/io/github/pgmanager/Pgmanager/preferences.ui");
  gtk_widget_class_bind_template_child (widget_class, PgmPreferences, page);
  gtk_widget_class_bind_template_child (widget_class, PgmPreferences, unremembered);
  gtk_widget_class_bind_template_child (widget_class, PgmPreferences, style_row);
  gtk_widget_class_bind_template_child (widget_class, PgmPreferences, refresh_row);
  gtk_widget_class_bind_template_child (widget_class, PgmPreferences, background_switch);
  gtk_widget_class_bind_template_child (widget_class, PgmPreferences, notify_switch);
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_Escape, 0, "window.close", NULL);
}

static void
pgm_preferences_init (PgmPreferences *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
  fill_refresh (self);
}

PgmPreferences *
pgm_preferences_new (GtkWindow *parent, GSettings *settings)
{
  PgmPreferences *self = g_object_new (PGM_TYPE_PREFERENCES, "transient-for", parent, NULL);

  gtk_widget_set_visible (self->unremembered, settings == NULL);
  if (settings == NULL)
    {
      GtkWidget *const rows[] = { GTK_WIDGET (self->style_row), GTK_WIDGET (self->refresh_row),
                                  GTK_WIDGET (self->background_switch),
                                  GTK_WIDGET (self->notify_switch) };

      for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
        gtk_widget_set_sensitive (rows[i], FALSE);
      return self;
    }
  self->settings = g_object_ref (settings);
  bind_settings (self);
  return self;
}
