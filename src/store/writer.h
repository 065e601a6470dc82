/* The one thread that writes state.db. Whoever has something to write leaves it
 * in a bounded queue and goes on at once: a job never waits for the state file,
 * and never fails because of it. When the queue is full, the least important is
 * dropped first. When the file can't be written (disk full), the important is
 * kept and tried again every few seconds; until then the store is degraded.
 * Not for other rooms. */
#pragma once

#include "store/database.h"

G_BEGIN_DECLS

typedef struct _PgmWriter PgmWriter;

typedef enum
{
  PGM_WRITE_TABLE, /* dropped first */
  PGM_WRITE_EVENT,
  PGM_WRITE_JOB, /* never dropped: a few for each job */
} PgmWriteClass;

/* Takes @database. */
PgmWriter *pgm_writer_new (PgmDatabase *database);

/* Writes what is left, in one last try, and closes the database. */
void pgm_writer_free (PgmWriter *self);

/* Runs @sql (static text) later, with the values that @types names: 's' const char *
 * (copied, may be NULL), 'i' gint64. From any thread; does not block. */
void
pgm_writer_push (PgmWriter *self, PgmWriteClass class, const char *sql, const char *types, ...);

/* Waits until everything is written, or can't be. */
void pgm_writer_flush (PgmWriter *self);

/* Why the last try failed, or NULL; transfer full. */
char *pgm_writer_dup_problem (PgmWriter *self);

G_END_DECLS
