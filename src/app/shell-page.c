#include "app/shell-page.h"

G_DEFINE_INTERFACE (PgmShellPage, pgm_shell_page, GTK_TYPE_WIDGET)

static void
pgm_shell_page_default_init (PgmShellPageInterface *iface)
{
  g_signal_new ("changed", PGM_TYPE_SHELL_PAGE, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE,
                0);
}

static PgmShellPageInterface *
get_iface (GtkWidget *page)
{
  return PGM_IS_SHELL_PAGE (page) ? PGM_SHELL_PAGE_GET_IFACE (page) : NULL;
}

const char *
pgm_shell_page_get_title (GtkWidget *page)
{
  PgmShellPageInterface *iface = get_iface (page);

  return iface != NULL && iface->get_title != NULL ? iface->get_title (PGM_SHELL_PAGE (page))
                                                   : NULL;
}

const char *
pgm_shell_page_get_subtitle (GtkWidget *page)
{
  PgmShellPageInterface *iface = get_iface (page);

  return iface != NULL && iface->get_subtitle != NULL ? iface->get_subtitle (PGM_SHELL_PAGE (page))
                                                      : NULL;
}

AdwViewStack *
pgm_shell_page_get_view_stack (GtkWidget *page)
{
  PgmShellPageInterface *iface = get_iface (page);

  return iface != NULL && iface->get_view_stack != NULL
             ? iface->get_view_stack (PGM_SHELL_PAGE (page))
             : NULL;
}

GtkWidget *
pgm_shell_page_get_header_widget (GtkWidget *page)
{
  PgmShellPageInterface *iface = get_iface (page);

  return iface != NULL && iface->get_header_widget != NULL
             ? iface->get_header_widget (PGM_SHELL_PAGE (page))
             : NULL;
}

GtkWidget *
pgm_shell_page_get_start_widget (GtkWidget *page)
{
  PgmShellPageInterface *iface = get_iface (page);

  return iface != NULL && iface->get_start_widget != NULL
             ? iface->get_start_widget (PGM_SHELL_PAGE (page))
             : NULL;
}

void
pgm_shell_page_refresh (GtkWidget *page)
{
  PgmShellPageInterface *iface = get_iface (page);

  if (iface != NULL && iface->refresh != NULL)
    iface->refresh (PGM_SHELL_PAGE (page));
}

gboolean
pgm_shell_page_search (GtkWidget *page)
{
  PgmShellPageInterface *iface = get_iface (page);

  return iface != NULL && iface->search != NULL && iface->search (PGM_SHELL_PAGE (page));
}

void
pgm_shell_page_set_shown (GtkWidget *page, gboolean shown)
{
  PgmShellPageInterface *iface = get_iface (page);

  if (iface != NULL && iface->set_shown != NULL)
    iface->set_shown (PGM_SHELL_PAGE (page), shown);
}

void
pgm_shell_page_changed (PgmShellPage *self)
{
  g_signal_emit_by_name (self, "changed");
}
