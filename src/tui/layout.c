#include "tui/layout.h"

#include <string.h>

/* What the pane keeps before anything that could be left out. */
#define PANE_ROWS 3
/* The list of jobs has a place of its own from this height on; else it is a pane. */
#define ROWS_WITH_JOBS 22

typedef struct
{
  PgmLayout *layout;
  guint left;
} Room;

static void
give (Room *room, PgmRegionName name, guint rows, guint keep)
{
  if (rows == 0 || room->left < rows + keep)
    return;
  room->layout->regions[name].rows = rows;
  room->left -= rows;
}

/* A quarter of the height at most. */
static guint
jobs_rows (const PgmLayoutNeeds *needs)
{
  if (needs->rows < ROWS_WITH_JOBS || needs->jobs < 2)
    return 0;
  return MIN (needs->jobs, needs->rows / 4);
}

gboolean
pgm_layout_arrange (PgmLayout *self, const PgmLayoutNeeds *needs)
{
  Room room = { .layout = self, .left = needs->rows };
  guint row = 0;

  memset (self, 0, sizeof *self);
  if (needs->rows < PGM_LAYOUT_MIN_ROWS)
    return FALSE;
  /* In order of worth. */
  give (&room, PGM_REGION_HEADER, 1, 1);
  give (&room, PGM_REGION_STATUS, 1, 1);
  give (&room, PGM_REGION_PROGRESS, 1, 1);
  give (&room, PGM_REGION_TABS, 1, 1);
  give (&room, PGM_REGION_TITLE, 1, PANE_ROWS);
  give (&room, PGM_REGION_LAG, needs->lag, PANE_ROWS);
  give (&room, PGM_REGION_RATE, needs->rate, PANE_ROWS);
  give (&room, PGM_REGION_KEYS, 1, PANE_ROWS);
  give (&room, PGM_REGION_WAL, needs->wal, PANE_ROWS);
  give (&room, PGM_REGION_PHASES, needs->phases, PANE_ROWS);
  give (&room, PGM_REGION_JOBS, jobs_rows (needs), PANE_ROWS);
  self->regions[PGM_REGION_PANE].rows = room.left;
  for (guint i = 0; i < PGM_N_REGIONS; i++)
    {
      self->regions[i].row = row;
      row += self->regions[i].rows;
    }
  return TRUE;
}
