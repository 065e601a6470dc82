/* Threads that take turns: one runs at a time, who is next is drawn from a seed,
 * and the clock goes on only when the scheduler says so.
 *
 * The program is linked with --wrap for GLib's threads, locks, conditions and
 * clock (meson.build), so that the code that is tested runs its own threads and
 * waits its own waits, and the same seed makes the same run.
 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* The calling thread becomes the first of them. Once in a process. */
void fibers_start (guint32 seed);

/* Anybody may go on, the caller among them. */
void fibers_yield (void);
void fibers_sleep (gint64 us);

/* The one source of chance. */
guint fibers_random (guint n);
gboolean fibers_chance (guint one_in);

/* Notes what happens: the last of it is told after a failure, and all of it makes
 * the sum by which two runs are compared. */
void fibers_note (const char *format, ...) G_GNUC_PRINTF (1, 2);
guint64 fibers_get_sum (void);

/* Tells why, and what happened before; ends the process. */
_Noreturn void fibers_fail (const char *format, ...) G_GNUC_PRINTF (1, 2);

G_END_DECLS
