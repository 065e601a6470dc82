#include "core/child.h"

#include <errno.h>
#include <gio/gunixinputstream.h>
#include <glib-unix.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#define READ_SIZE    65536
#define PIPE_LIMIT   ((gsize) 1024 * 1024)
#define OUTPUT_LIMIT ((gsize) 256 * 1024 * 1024)
#define ERRORS_LIMIT ((gsize) 256 * 1024)
/* Of too long a standard error the beginning (what went wrong first) and the
 * end (what it came to) are kept. */
#define ERRORS_HEAD   ((gsize) 64 * 1024)
#define KILL_AFTER_US (5 * G_USEC_PER_SEC)
/* A killed process dies when it is scheduled next; one that hangs in the kernel,
 * or that nobody collects, is not waited for for ever. */
#define GONE_AFTER_US (2 * G_USEC_PER_SEC)
#define TICK_MS       50

/* Everything that the forked child needs, looked up before the fork: between
 * fork and exec only async-signal-safe calls are allowed. */
typedef struct
{
  pid_t parent;
  gboolean switch_user;
  uid_t uid;
  gid_t gid;
  gid_t *groups;
  gsize n_groups;
  char *home;
  char *name;
} Identity;

/* One output of the child on its way into memory. */
typedef struct
{
  int fd;
  GByteArray *bytes;
  gsize limit;
  gboolean keep_ends; /* over the limit: cut the middle out, else it is an error */
  gsize cut;          /* bytes cut out so far */
  gboolean overflow;
} Drain;

typedef struct
{
  GMainContext *context;
  GSubprocess *process;
  pid_t group;
  Drain output;
  Drain errors;
  gboolean ended;
  gboolean stopping;  /* SIGTERM was sent */
  gint64 kill_at;     /* when SIGKILL follows; 0 once it was sent */
  gint64 given_up_at; /* after SIGKILL: until when the group is waited for */
} Run;

static void
identity_clear (Identity *self)
{
  g_free (self->groups);
  g_free (self->home);
  g_free (self->name);
}

static gboolean
read_groups (Identity *self, GError **error)
{
  int n = 64;

  for (int round = 0; round < 2; round++)
    {
      self->groups = g_renew (gid_t, self->groups, (gsize) n);
      if (getgrouplist (self->name, self->gid, self->groups, &n) >= 0)
        {
          self->n_groups = (gsize) n;
          return TRUE;
        }
    }
  pgm_error_set (error, PGM_ERROR_FAILED, "groups of user \"%s\" can't be read", self->name);
  return FALSE;
}

static gboolean
identity_look_up (Identity *self, gint64 uid, gint64 gid, GError **error)
{
  struct passwd entry;
  struct passwd *found = NULL;
  char buffer[16384];

  self->parent = getpid ();
  self->switch_user = uid >= 0;
  if (!self->switch_user)
    return TRUE;

  self->uid = (uid_t) uid;
  if (getpwuid_r (self->uid, &entry, buffer, sizeof buffer, &found) != 0 || found == NULL)
    {
      pgm_error_set (error, PGM_ERROR_NOT_FOUND, "no user has the number %" G_GINT64_FORMAT, uid);
      return FALSE;
    }
  if (geteuid () != 0 && geteuid () != self->uid)
    {
      pgm_error_set (error, PGM_ERROR_REFUSED, "only root may run a program as user \"%s\"",
                     found->pw_name);
      return FALSE;
    }
  self->switch_user = geteuid () != self->uid;
  self->gid = gid >= 0 ? (gid_t) gid : found->pw_gid;
  self->home = g_strdup (found->pw_dir);
  self->name = g_strdup (found->pw_name);
  return read_groups (self, error);
}

static void
give_up (const char *why, gsize size)
{
  ssize_t written = write (STDERR_FILENO, why, size);

  (void) written;
  _exit (126);
}

/* Runs in the child, between fork and exec. */
static void
set_up_child (gpointer data)
{
  static const char no_user[] = "could not take on the user's identity\n";
  const Identity *self = data;
  sigset_t none;

  /* A session of its own is also a process group of its own, and without a
   * controlling terminal no tool can stop to ask for a password there. */
  (void) setsid ();

  (void) sigemptyset (&none);
  (void) sigprocmask (SIG_SETMASK, &none, NULL);

  if (self->switch_user && (setgroups (self->n_groups, self->groups) != 0 ||
                            setresgid (self->gid, self->gid, self->gid) != 0 ||
                            setresuid (self->uid, self->uid, self->uid) != 0))
    give_up (no_user, sizeof no_user - 1);

  /* After the change of user, which clears it. The signal comes when the thread
   * that forked ends; that one waits in pgm_child_run() until the child ended. */
  (void) prctl (PR_SET_PDEATHSIG, SIGTERM);
  if (getppid () != self->parent)
    _exit (126);
}

static GSubprocessLauncher *
make_launcher (const char *const *environment,
               const char *directory,
               Identity *identity,
               PgmChildFlags flags)
{
  GSubprocessFlags wanted = G_SUBPROCESS_FLAGS_STDERR_PIPE;
  GSubprocessLauncher *launcher;

  wanted |= (flags & PGM_CHILD_KEEP_OUTPUT) != 0 ? G_SUBPROCESS_FLAGS_STDOUT_PIPE
                                                 : G_SUBPROCESS_FLAGS_STDOUT_SILENCE;
  launcher = g_subprocess_launcher_new (wanted);
  g_subprocess_launcher_set_child_setup (launcher, set_up_child, identity, NULL);

  if (identity->switch_user)
    {
      g_subprocess_launcher_setenv (launcher, "HOME", identity->home, TRUE);
      g_subprocess_launcher_setenv (launcher, "USER", identity->name, TRUE);
      g_subprocess_launcher_setenv (launcher, "LOGNAME", identity->name, TRUE);
      /* Ours may be one that the other user can't even enter. */
      directory = directory != NULL ? directory : "/";
    }
  if (directory != NULL)
    g_subprocess_launcher_set_cwd (launcher, directory);

  for (gsize i = 0; environment != NULL && environment[i] != NULL; i++)
    {
      const char *equals = strchr (environment[i], '=');
      g_autofree char *name = NULL;

      if (equals == NULL)
        {
          g_subprocess_launcher_unsetenv (launcher, environment[i]);
          continue;
        }
      name = g_strndup (environment[i], (gsize) (equals - environment[i]));
      g_subprocess_launcher_setenv (launcher, name, equals + 1, TRUE);
    }
  return launcher;
}

static GSubprocess *
spawn (const char *const *argv,
       const char *const *environment,
       const char *directory,
       Identity *identity,
       PgmChildFlags flags,
       GError **error)
{
  g_autoptr (GSubprocessLauncher) launcher = NULL;
  g_autoptr (GError) reason = NULL;
  GSubprocess *process;
  gboolean missing;

  launcher = make_launcher (environment, directory, identity, flags);
  process = g_subprocess_launcher_spawnv (launcher, argv, &reason);
  if (process != NULL)
    return process;

  missing = g_error_matches (reason, G_SPAWN_ERROR, G_SPAWN_ERROR_NOENT);
  pgm_error_set_full (error, missing ? PGM_ERROR_NOT_FOUND : PGM_ERROR_FAILED, NULL,
                      reason->message, NULL, "program \"%s\" can't be started", argv[0]);
  return NULL;
}

static void
drain_open (Drain *self, GInputStream *stream, gsize limit, gboolean keep_ends)
{
  self->fd = -1;
  self->limit = limit;
  self->keep_ends = keep_ends;
  if (stream == NULL)
    return;
  self->bytes = g_byte_array_new ();
  self->fd = g_unix_input_stream_get_fd (G_UNIX_INPUT_STREAM (stream));
  (void) g_unix_set_fd_nonblocking (self->fd, TRUE, NULL);
}

static void
drain_cut (Drain *self, gsize size)
{
  gsize excess;

  if (self->bytes->len <= size)
    return;
  excess = self->bytes->len - size;
  g_byte_array_remove_range (self->bytes, (guint) ERRORS_HEAD, (guint) excess);
  self->cut += excess;
}

static void
drain_append (Drain *self, const guint8 *data, gsize size)
{
  if (self->overflow)
    return;
  if (!self->keep_ends && size > self->limit - self->bytes->len)
    {
      self->overflow = TRUE;
      return;
    }
  g_byte_array_append (self->bytes, data, (guint) size);
  /* Cut only when twice too long: moving the tail for every read costs. */
  if (self->keep_ends && self->bytes->len > 2 * self->limit)
    drain_cut (self, self->limit);
}

/* Reads what is there now. FALSE at the end of the stream. */
static gboolean
drain_read (Drain *self)
{
  guint8 buffer[READ_SIZE];

  while (self->fd >= 0)
    {
      ssize_t got = read (self->fd, buffer, sizeof buffer);

      if (got < 0 && errno == EINTR)
        continue;
      if (got < 0 && errno == EAGAIN)
        return TRUE;
      if (got <= 0)
        {
          self->fd = -1;
          return FALSE;
        }
      drain_append (self, buffer, (gsize) got);
      /* Back to the loop after each full buffer, so that a child that writes
       * without end can still be cancelled. */
      if ((gsize) got == sizeof buffer)
        return TRUE;
    }
  return FALSE;
}

static gboolean
on_readable (int fd, GIOCondition condition, gpointer data)
{
  return drain_read (data) ? G_SOURCE_CONTINUE : G_SOURCE_REMOVE;
}

static void
on_ended (GObject *source, GAsyncResult *result, gpointer data)
{
  Run *run = data;

  (void) g_subprocess_wait_finish (run->process, result, NULL);
  run->ended = TRUE;
}

static gboolean
on_tick (gpointer data)
{
  return G_SOURCE_CONTINUE;
}

static gboolean
on_cancelled (GCancellable *cancellable, gpointer data)
{
  return G_SOURCE_REMOVE;
}

static GSource *
attach (Run *run, GSource *source, GSourceFunc callback, gpointer data)
{
  g_source_set_callback (source, callback, data, NULL);
  g_source_attach (source, run->context);
  return source;
}

/* 0 when the child has ended already and its number may be somebody else's. */
static pid_t
read_group (GSubprocess *process)
{
  const char *identifier = g_subprocess_get_identifier (process);

  return identifier != NULL ? (pid_t) g_ascii_strtoll (identifier, NULL, 10) : 0;
}

static gboolean
signal_group (const Run *run, int number)
{
  /* 0 and 1 would be our own group and everybody's. */
  return run->group > 1 && kill (-run->group, number) == 0;
}

static gboolean
group_is_alive (const Run *run)
{
  return !run->ended || signal_group (run, 0);
}

/* SIGTERM to the whole group once, SIGKILL when it is still there later. */
static void
stop_group (Run *run)
{
  gint64 now = g_get_monotonic_time ();

  if (!run->stopping)
    {
      run->stopping = TRUE;
      run->kill_at = now + KILL_AFTER_US;
      (void) signal_group (run, SIGTERM);
    }
  else if (run->kill_at != 0 && now >= run->kill_at)
    {
      run->kill_at = 0;
      run->given_up_at = now + GONE_AFTER_US;
      (void) signal_group (run, SIGKILL);
    }
}

static gboolean
is_over (const Run *run)
{
  if (!run->stopping)
    return run->ended;
  /* Members of the group may outlive its leader, even by a moment after SIGKILL. */
  return run->ended && (!group_is_alive (run) ||
                        (run->kill_at == 0 && g_get_monotonic_time () >= run->given_up_at));
}

/* Until the child ended: not until its outputs are closed, which something that
 * it left running on purpose (a server) may hold open for years. */
static void
wait_for_end (Run *run, GCancellable *cancellable)
{
  GSource *sources[4] = { NULL };
  GSource *tick = NULL;
  gsize n = 0;

  if (run->output.fd >= 0)
    sources[n++] = attach (run, g_unix_fd_source_new (run->output.fd, G_IO_IN | G_IO_HUP),
                           G_SOURCE_FUNC (on_readable), &run->output);
  if (run->errors.fd >= 0)
    sources[n++] = attach (run, g_unix_fd_source_new (run->errors.fd, G_IO_IN | G_IO_HUP),
                           G_SOURCE_FUNC (on_readable), &run->errors);
  if (cancellable != NULL)
    sources[n++] =
        attach (run, g_cancellable_source_new (cancellable), G_SOURCE_FUNC (on_cancelled), NULL);
  g_subprocess_wait_async (run->process, NULL, on_ended, run);

  while (!is_over (run))
    {
      if (g_cancellable_is_cancelled (cancellable) || run->output.overflow)
        {
          stop_group (run);
          if (tick == NULL)
            tick = attach (run, g_timeout_source_new (TICK_MS), on_tick, NULL);
          if (is_over (run))
            break;
        }
      g_main_context_iteration (run->context, TRUE);
    }

  if (tick != NULL)
    sources[n++] = tick;
  for (gsize i = 0; i < n; i++)
    {
      g_source_destroy (sources[i]);
      g_source_unref (sources[i]);
    }
}

/* What had been written when the child ended may still be in the pipe. Bounded
 * by what a pipe can hold, because somebody else may go on writing into it. */
static void
drain_rest (Drain *self)
{
  for (gsize size = 0; self->fd >= 0 && size <= PIPE_LIMIT; size += READ_SIZE)
    (void) drain_read (self);
}

static char *
drain_to_text (Drain *self)
{
  static const char mark[] = "\n[… left out …]\n";
  g_autoptr (GString) text = NULL;

  if (self->bytes->len == 0)
    return g_strdup ("");
  if (self->bytes->len <= self->limit && self->cut == 0)
    return g_utf8_make_valid ((const char *) self->bytes->data, (gssize) self->bytes->len);

  drain_cut (self, self->limit - (sizeof mark - 1));
  text = g_string_sized_new (self->limit + 1);
  g_string_append_len (text, (const char *) self->bytes->data, (gssize) ERRORS_HEAD);
  g_string_append (text, mark);
  g_string_append_len (text, (const char *) self->bytes->data + ERRORS_HEAD,
                       (gssize) (self->bytes->len - ERRORS_HEAD));
  return g_utf8_make_valid (text->str, (gssize) text->len);
}

static PgmChildResult *
make_result (Run *run, const char *program, GCancellable *cancellable, GError **error)
{
  PgmChildResult *result;

  drain_rest (&run->output);
  drain_rest (&run->errors);
  if (run->output.overflow)
    {
      pgm_error_set (error, PGM_ERROR_FAILED, "program \"%s\" wrote more than 256 MiB", program);
      return NULL;
    }
  if (run->stopping)
    {
      (void) g_cancellable_set_error_if_cancelled (cancellable, error);
      return NULL;
    }

  result = g_new0 (PgmChildResult, 1);
  if (g_subprocess_get_if_exited (run->process))
    result->status = g_subprocess_get_exit_status (run->process);
  else
    result->status = -g_subprocess_get_term_sig (run->process);
  if (run->output.bytes != NULL)
    result->output = g_byte_array_free_to_bytes (g_steal_pointer (&run->output.bytes));
  result->errors = drain_to_text (&run->errors);
  return result;
}

static void
run_clear (Run *run)
{
  g_clear_pointer (&run->output.bytes, g_byte_array_unref);
  g_clear_pointer (&run->errors.bytes, g_byte_array_unref);
  g_clear_object (&run->process);
  g_clear_pointer (&run->context, g_main_context_unref);
}

PgmChildResult *
pgm_child_run (const char *const *argv,
               const char *const *environment,
               const char *directory,
               gint64 uid,
               gint64 gid,
               PgmChildFlags flags,
               GCancellable *cancellable,
               GError **error)
{
  Identity identity = { 0 };
  Run run = { 0 };
  PgmChildResult *result = NULL;

  g_return_val_if_fail (argv != NULL && argv[0] != NULL, NULL);

  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    return NULL;

  /* A context of its own: the caller's, if it has one, belongs to others. */
  run.context = g_main_context_new ();
  g_main_context_push_thread_default (run.context);
  if (identity_look_up (&identity, uid, gid, error))
    run.process = spawn (argv, environment, directory, &identity, flags, error);
  if (run.process != NULL)
    {
      run.group = read_group (run.process);
      drain_open (&run.output, g_subprocess_get_stdout_pipe (run.process), OUTPUT_LIMIT, FALSE);
      drain_open (&run.errors, g_subprocess_get_stderr_pipe (run.process), ERRORS_LIMIT, TRUE);
      wait_for_end (&run, cancellable);
      result = make_result (&run, argv[0], cancellable, error);
    }
  g_main_context_pop_thread_default (run.context);
  run_clear (&run);
  identity_clear (&identity);
  return result;
}

void
pgm_child_result_free (PgmChildResult *self)
{
  if (self == NULL)
    return;
  g_clear_pointer (&self->output, g_bytes_unref);
  g_free (self->errors);
  g_free (self);
}
