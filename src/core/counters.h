/* Two numbers that a worker bumps and anyone reads: rows and bytes that went
 * by. Relaxed atomics (__atomic_fetch_add, __atomic_load_n); never locked. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct
{
  guint64 rows;
  guint64 bytes;
} PgmCounters;

G_END_DECLS
