/* Two servers and a bank on them, for the tests of the whole cutover. Majors:
 * $PGM_TEST_SOURCE_MAJOR and $PGM_TEST_DESTINATION_MAJOR, else $PGM_TEST_MAJOR. */
#pragma once

#include "cutover-job.h"

G_BEGIN_DECLS

typedef struct
{
  PgmTestCluster *source;
  PgmTestCluster *destination;
} PgmPair;

/* Made with the first call. */
PgmPair *pgm_pair_shared (void);
void pgm_pair_free_shared (void);

/* Returns @name. */
const char *pgm_pair_make_bank (const char *name);
PgmCutoverRun *pgm_pair_start_run (const char *database);
/* Returns when it is at work. */
PgmBank *pgm_pair_start_bank (const char *database, const char *setup);
void pgm_pair_let_work (PgmBank *bank, guint n);

/* One cutover that succeeds, with the session that follows; @bank may be NULL. */
void pgm_pair_switch_over (PgmCutoverRun *run, PgmBank *bank, PgmTestCluster *to, PgmFence fence);

void pgm_pair_assert_query (PgmTestCluster *cluster,
                            const char *database,
                            const char *sql,
                            const char *expected);

/* A cutover in another process, with a failpoint. Such a program begins with
 *   if (argc == 5 && g_str_equal (argv[1], "--cutover")) return pgm_pair_run_child (argv + 2);
 * Returns its status; @errors (transfer full) may be NULL. */
int pgm_pair_switch_in_child (const char *database, const char *failpoint, char **errors);
int pgm_pair_run_child (char **arguments);

G_END_DECLS
