/* What a page of the window's content may offer to the shell around it. Everything is
 * optional: a plain widget is a page, too, and is shown with nothing but its title.
 *
 * A page that has something new to say of itself emits pgm_shell_page_changed().
 */
#pragma once

#include <adwaita.h>

G_BEGIN_DECLS

#define PGM_TYPE_SHELL_PAGE (pgm_shell_page_get_type ())
G_DECLARE_INTERFACE (PgmShellPage, pgm_shell_page, PGM, SHELL_PAGE, GtkWidget)

struct _PgmShellPageInterface
{
  GTypeInterface parent;

  /* Plain text, borrowed until the next change. */
  const char *(*get_title) (PgmShellPage *self);
  const char *(*get_subtitle) (PgmShellPage *self);

  /* Its tabs: the header shows a switcher, and Ctrl+1… go there. Borrowed. */
  AdwViewStack *(*get_view_stack) (PgmShellPage *self);

  /* Go to the end, and to the start, of the header while the page is shown. Owned by the
   * page. */
  GtkWidget *(*get_header_widget) (PgmShellPage *self);
  GtkWidget *(*get_start_widget) (PgmShellPage *self);

  /* F5. */
  void (*refresh) (PgmShellPage *self);

  /* Ctrl+F; FALSE when there is nothing to search, then the sidebar is searched. */
  gboolean (*search) (PgmShellPage *self);

  /* It was brought to the front, or isn't there any more. */
  void (*set_shown) (PgmShellPage *self, gboolean shown);
};

/* All of them accept any widget; what isn't a PgmShellPage has nothing. */
const char *pgm_shell_page_get_title (GtkWidget *page);
const char *pgm_shell_page_get_subtitle (GtkWidget *page);
AdwViewStack *pgm_shell_page_get_view_stack (GtkWidget *page);
GtkWidget *pgm_shell_page_get_header_widget (GtkWidget *page);
GtkWidget *pgm_shell_page_get_start_widget (GtkWidget *page);
void pgm_shell_page_refresh (GtkWidget *page);
gboolean pgm_shell_page_search (GtkWidget *page);
void pgm_shell_page_set_shown (GtkWidget *page, gboolean shown);

/* Emits "changed". */
void pgm_shell_page_changed (PgmShellPage *self);

G_END_DECLS
