/* The sample: makes two throw-away clusters and tells the whole story on them, live: a
 * shop is cloned and followed while customers order, writes are moved there and back,
 * both sides are compared, and everything is removed again. A PgmShellPage. Its actions
 * are demo.start and demo.stop; signal "ended" when everything has been cleaned up. */
#pragma once

#include <adwaita.h>

#include "app/migration-page.h"

G_BEGIN_DECLS

#define PGM_TYPE_DEMO_PAGE (pgm_demo_page_get_type ())
G_DECLARE_FINAL_TYPE (PgmDemoPage, pgm_demo_page, PGM, DEMO_PAGE, AdwBin)

typedef enum
{
  PGM_DEMO_IDLE,      /* says what it would do */
  PGM_DEMO_PREPARING, /* making the sample clusters */
  PGM_DEMO_RUNNING,   /* a job runs */
  PGM_DEMO_CLEANING,  /* removing the sample clusters */
  PGM_DEMO_FINISHED,  /* the result stands */
} PgmDemoState;

PgmDemoPage *pgm_demo_page_new (PgmEngine *engine);

/* The same as its actions; both do nothing when it isn't the time for it. */
void pgm_demo_page_start (PgmDemoPage *self);
void pgm_demo_page_stop (PgmDemoPage *self);

/* Between start and "ended". */
gboolean pgm_demo_page_is_busy (PgmDemoPage *self);
PgmDemoState pgm_demo_page_get_state (PgmDemoPage *self);

/* The throw-away clusters while they exist, else NULL. Owned by the page. */
const PgmSample *pgm_demo_page_get_sample (PgmDemoPage *self);

/* The page of the job that runs or ran last, NULL before the first. Owned by the page. */
PgmMigrationPage *pgm_demo_page_get_migration (PgmDemoPage *self);

G_END_DECLS
