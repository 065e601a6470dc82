#include "app/places.h"

#include "app/migration-assistant.h"
#include "app/migration-page.h"

GtkWidget *
pgm_places_make_migration (PgmEngine *engine, const char *job_id)
{
  return GTK_WIDGET (pgm_migration_page_new (engine, job_id));
}

GtkWidget *
pgm_places_make_assistant (PgmEngine *engine)
{
  return GTK_WIDGET (pgm_migration_assistant_new (engine));
}
