/* Which line of the terminal shows what. Not for other rooms. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct
{
  guint row;
  guint rows; /* 0: not shown */
} PgmRegion;

/* From top to bottom. */
typedef enum
{
  PGM_REGION_HEADER,
  PGM_REGION_JOBS,
  PGM_REGION_TITLE,
  PGM_REGION_PHASES,
  PGM_REGION_PROGRESS,
  PGM_REGION_LAG,
  PGM_REGION_RATE,
  PGM_REGION_WAL,
  PGM_REGION_TABS,
  PGM_REGION_PANE,
  PGM_REGION_STATUS,
  PGM_REGION_KEYS,
} PgmRegionName;

#define PGM_N_REGIONS (PGM_REGION_KEYS + 1)

/* Below this the picture says only that it has no room. */
#define PGM_LAYOUT_MIN_COLUMNS 20
#define PGM_LAYOUT_MIN_ROWS    5

typedef struct
{
  PgmRegion regions[PGM_N_REGIONS];
} PgmLayout;

typedef struct
{
  guint rows;
  guint jobs;   /* how many could be listed above */
  gboolean lag; /* there is something to show of it */
  gboolean rate;
  gboolean wal;
  gboolean phases;
} PgmLayoutNeeds;

/* The regions follow each other without a gap and fill exactly @needs->rows; the pane
 * has at least one row. FALSE where there is no room for a picture. */
gboolean pgm_layout_arrange (PgmLayout *self, const PgmLayoutNeeds *needs);

G_END_DECLS
