#include "app/places.h"

#include <adwaita.h>

#include "app/migration-page.h"
#include "core/i18n.h"

GtkWidget *
pgm_places_make_migration (PgmEngine *engine, const char *job_id)
{
  return GTK_WIDGET (pgm_migration_page_new (engine, job_id));
}

GtkWidget *
pgm_places_make_assistant (PgmEngine *engine)
{
  GtkWidget *page = adw_status_page_new ();

  adw_status_page_set_icon_name (ADW_STATUS_PAGE (page), "pgm-migration-symbolic");
  adw_status_page_set_title (ADW_STATUS_PAGE (page), _ ("New Migration"));
  adw_status_page_set_description (
      ADW_STATUS_PAGE (page),
      _ ("Migrations are started with \"pgmanager clone --follow\"; this window shows them."));
  return page;
}
