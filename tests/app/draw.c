#include "draw.h"

#include <libintl.h>
#include <locale.h>

#include "config.h"

static const struct
{
  const char *name;
  int width, height;
} sizes[] = { { "", 1280, 900 }, { "-small", 720, 480 } };

static gboolean
on_tick (GtkWidget *widget, GdkFrameClock *clock, gpointer user_data)
{
  int *left = user_data;

  return --*left > 0 ? G_SOURCE_CONTINUE : G_SOURCE_REMOVE;
}

static gboolean
is_zero (Desk *desk, gpointer data)
{
  return *(int *) data <= 0;
}

static void
draw (Desk *desk, GtkWidget *window, const char *path)
{
  g_autoptr (GdkPaintable) paintable = NULL;
  g_autoptr (GdkTexture) texture = NULL;
  GtkSnapshot *snapshot = gtk_snapshot_new ();
  GskRenderNode *node;
  int frames = 6; /* a new size takes a few */

  gtk_widget_add_tick_callback (window, on_tick, &frames, NULL);
  desk_wait (desk, is_zero, &frames);
  paintable = gtk_widget_paintable_new (window);
  gdk_paintable_snapshot (paintable, snapshot, gtk_widget_get_width (window),
                          gtk_widget_get_height (window));
  node = gtk_snapshot_free_to_node (snapshot);
  texture = gsk_renderer_render_texture (gtk_native_get_renderer (GTK_NATIVE (window)), node, NULL);
  gsk_render_node_unref (node);
  if (!gdk_texture_save_to_png (texture, path))
    g_error ("cannot write %s", path);
  g_print ("%s\n", path);
}

void
draw_set_language (void)
{
  const char *directory = g_getenv ("PICTURES_LOCALES");

  if (directory == NULL)
    return;
  setlocale (LC_ALL, "");
  bindtextdomain (PGM_GETTEXT_DOMAIN, directory);
  bind_textdomain_codeset (PGM_GETTEXT_DOMAIN, "UTF-8");
  textdomain (PGM_GETTEXT_DOMAIN);
}

void
draw_begin (Desk *desk)
{
  g_object_set (gtk_settings_get_default (), "gtk-enable-animations", FALSE, "gtk-font-name",
                "Cantarell 11", NULL);
  /* the pointer rests somewhere over the window */
  gtk_widget_set_can_target (GTK_WIDGET (desk_get_window (desk)), FALSE);
}

void
draw_all (Desk *desk, const char *name)
{
  for (gsize i = 0; i < G_N_ELEMENTS (sizes); i++)
    for (int dark = 0; dark < 2; dark++)
      {
        g_autofree char *variant =
            g_strdup_printf ("%s%s%s", name, sizes[i].name, dark ? "-dark" : "");

        adw_style_manager_set_color_scheme (adw_style_manager_get_default (),
                                            dark ? ADW_COLOR_SCHEME_FORCE_DARK
                                                 : ADW_COLOR_SCHEME_FORCE_LIGHT);
        gtk_window_set_default_size (GTK_WINDOW (desk_get_window (desk)), sizes[i].width,
                                     sizes[i].height);
        draw_one (desk, variant);
      }
}

void
draw_one (Desk *desk, const char *name)
{
  g_autofree char *path = g_strdup_printf ("%s/%s.png", g_getenv ("PICTURES_DIRECTORY"), name);

  draw (desk, GTK_WIDGET (desk_get_window (desk)), path);
}

void
draw_window (Desk *desk, GtkWidget *window, const char *name)
{
  for (int dark = 0; dark < 2; dark++)
    {
      g_autofree char *path = g_strdup_printf ("%s/%s%s.png", g_getenv ("PICTURES_DIRECTORY"), name,
                                               dark ? "-dark" : "");

      adw_style_manager_set_color_scheme (adw_style_manager_get_default (),
                                          dark ? ADW_COLOR_SCHEME_FORCE_DARK
                                               : ADW_COLOR_SCHEME_FORCE_LIGHT);
      draw (desk, window, path);
    }
}
