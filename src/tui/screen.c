#include "tui/screen.h"

/* ncurses calls its own types by these names. */
#define NCURSES_WIDECHAR 1
#include <ncurses.h>

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>
#include <wchar.h>

#include "core/i18n.h"

/* What an escape sequence may take from its first byte on, in milliseconds. */
#define ESCAPE_DELAY 25
/* A crash that can't tidy up is at least an end, in seconds. */
#define CRASH_SECONDS 2

struct _PgmScreen
{
  SCREEN *screen;
  struct termios terminal; /* as it was */
  gboolean unicode;
  gboolean colours;
  gboolean whole; /* the next picture */
  struct sigaction crash_actions[8];
};

static const int crash_signals[] = { SIGSEGV, SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGQUIT };

/* endwin() may not be called from a handler; where all is lost it is worth the try,
 * for a terminal that shows nothing of what is typed is of no use to anybody. */
static void
on_crash (int signal_number)
{
  alarm (CRASH_SECONDS);
  endwin ();
  raise (signal_number); /* SA_RESETHAND: as it would have been */
}

static void
catch_crashes (PgmScreen *self)
{
  struct sigaction action = { .sa_handler = on_crash, .sa_flags = SA_RESETHAND | SA_NODEFER };

  for (gsize i = 0; i < G_N_ELEMENTS (crash_signals); i++)
    sigaction (crash_signals[i], &action, &self->crash_actions[i]);
}

static void
release_crashes (PgmScreen *self)
{
  for (gsize i = 0; i < G_N_ELEMENTS (crash_signals); i++)
    sigaction (crash_signals[i], &self->crash_actions[i], NULL);
}

static gboolean
check_terminal (GError **error)
{
  const char *term = g_getenv ("TERM");

  if (!isatty (STDIN_FILENO) || !isatty (STDOUT_FILENO))
    pgm_error_set_full (error, PGM_ERROR_USAGE, NULL, NULL,
                        _ ("In a pipe or a script, use `pgmanager status` or `status --watch`."),
                        "the dashboard needs a terminal for its standard input and output");
  else if (term == NULL || *term == '\0' || strcmp (term, "dumb") == 0)
    pgm_error_set_full (error, PGM_ERROR_USAGE, NULL, NULL,
                        _ ("Use `pgmanager status --watch` there, or set TERM to what the terminal "
                           "is, xterm for example."),
                        "the terminal is said to be unable to place text (TERM is \"%s\")",
                        term != NULL ? term : "");
  else
    return TRUE;
  return FALSE;
}

/* Ctrl-Z comes as a key: as a signal it would be lost while ncurses draws. */
static void
take_suspend_key (void)
{
  struct termios terminal;

  if (tcgetattr (STDIN_FILENO, &terminal) != 0)
    return;
  terminal.c_cc[VSUSP] = _POSIX_VDISABLE;
  tcsetattr (STDIN_FILENO, TCSANOW, &terminal);
  def_prog_mode ();
}

static void
set_up_colours (PgmScreen *self)
{
  self->colours = self->colours && has_colors ();
  if (!self->colours)
    return;
  start_color ();
  use_default_colors ();
  init_pair (PGM_STYLE_GOOD, COLOR_GREEN, -1);
  init_pair (PGM_STYLE_WARNING, COLOR_YELLOW, -1);
  init_pair (PGM_STYLE_BAD, COLOR_RED, -1);
  init_pair (PGM_STYLE_GRAPH, COLOR_CYAN, -1);
}

PgmScreen *
pgm_screen_open (gboolean colours, GError **error)
{
  g_autofree PgmScreen *self = g_new0 (PgmScreen, 1);

  if (!check_terminal (error))
    return NULL;
  tcgetattr (STDIN_FILENO, &self->terminal);
  self->unicode = g_get_charset (NULL);
  self->colours = colours;
  self->screen = newterm (NULL, stdout, stdin);
  if (self->screen == NULL)
    {
      pgm_error_set_full (error, PGM_ERROR_USAGE, NULL, NULL,
                          _ ("Set TERM to one that is, or install the package ncurses-term."),
                          "the kind of terminal \"%s\" isn't known here", g_getenv ("TERM"));
      return NULL;
    }
  set_escdelay (ESCAPE_DELAY);
  cbreak ();
  noecho ();
  nonl ();
  take_suspend_key ();
  keypad (stdscr, TRUE);
  nodelay (stdscr, TRUE);
  curs_set (0);
  set_up_colours (self);
  catch_crashes (self);
  return g_steal_pointer (&self);
}

void
pgm_screen_close (PgmScreen *self)
{
  if (self == NULL)
    return;
  release_crashes (self);
  endwin ();
  delscreen (self->screen);
  tcsetattr (STDIN_FILENO, TCSANOW, &self->terminal);
  g_free (self);
}

gboolean
pgm_screen_has_unicode (PgmScreen *self)
{
  return self->unicode;
}

void
pgm_screen_measure (PgmScreen *self, guint *columns, guint *rows)
{
  struct winsize size;

  if (ioctl (STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row > 0 && size.ws_col > 0 &&
      (size.ws_row != LINES || size.ws_col != COLS))
    resizeterm (size.ws_row, size.ws_col);
  *columns = (guint) COLS;
  *rows = (guint) LINES;
}

/* Without colours all is still told apart. */
static attr_t
attributes_of (const PgmScreen *self, PgmStyle style, short *pair)
{
  *pair = 0;
  if (self->colours && style >= PGM_STYLE_GOOD)
    *pair = (short) style;
  switch (style)
    {
    case PGM_STYLE_DIM:
      return A_DIM;
    case PGM_STYLE_STRONG:
    case PGM_STYLE_WARNING:
    case PGM_STYLE_BAD:
      return A_BOLD;
    case PGM_STYLE_TITLE:
    case PGM_STYLE_SELECTED:
      return A_REVERSE;
    case PGM_STYLE_PLAIN:
    case PGM_STYLE_GOOD:
    case PGM_STYLE_GRAPH:
    default:
      return A_NORMAL;
    }
}

/* The C library, by which ncurses counts, must agree about the columns; a character
 * newer than it is shown as a question mark instead of moving the rest of the line. */
static gboolean
to_wide (const PgmCell *cell, wchar_t *wide)
{
  g_autofree gunichar *characters = g_utf8_to_ucs4_fast (cell->text, -1, NULL);
  guint length = 0;

  if (wcwidth ((wchar_t) characters[0]) != cell->columns)
    return FALSE;
  for (guint i = 0; characters[i] != 0 && length < CCHARW_MAX - 1; i++)
    if (i == 0 || wcwidth ((wchar_t) characters[i]) == 0)
      wide[length++] = (wchar_t) characters[i];
  wide[length] = L'\0';
  return TRUE;
}

static void
draw_cell (const PgmScreen *self, int row, int column, const PgmCell *cell)
{
  wchar_t wide[CCHARW_MAX + 1];
  cchar_t character;
  short pair;
  attr_t attributes = attributes_of (self, (PgmStyle) cell->style, &pair);

  if (cell->columns == 0)
    return;
  if (!to_wide (cell, wide))
    {
      wcscpy (wide, L"?");
      if (cell->columns == 2)
        {
          setcchar (&character, L" ", attributes, pair, NULL);
          mvadd_wch (row, column + 1, &character);
        }
    }
  if (setcchar (&character, wide, attributes, pair, NULL) == OK)
    mvadd_wch (row, column, &character);
}

static gboolean
takes_output (void)
{
  struct pollfd output = { .fd = STDOUT_FILENO, .events = POLLOUT };

  return poll (&output, 1, 0) > 0 && (output.revents & POLLOUT) != 0;
}

void
pgm_screen_show (PgmScreen *self, const PgmCanvas *canvas)
{
  guint rows = MIN (pgm_canvas_get_rows (canvas), (guint) LINES);
  guint columns = MIN (pgm_canvas_get_columns (canvas), (guint) COLS);

  if (!takes_output ())
    return;
  erase ();
  for (guint row = 0; row < rows; row++)
    for (guint column = 0; column < columns; column++)
      draw_cell (self, (int) row, (int) column, pgm_canvas_get_cell (canvas, row, column));
  if (self->whole)
    clearok (stdscr, TRUE);
  self->whole = FALSE;
  refresh ();
}

void
pgm_screen_forget (PgmScreen *self)
{
  self->whole = TRUE;
}

static PgmKeyName
name_of (wint_t code)
{
  static const struct
  {
    wint_t code;
    PgmKeyName name;
  } names[] = {
    { KEY_UP, PGM_KEY_UP },
    { KEY_DOWN, PGM_KEY_DOWN },
    { KEY_LEFT, PGM_KEY_LEFT },
    { KEY_RIGHT, PGM_KEY_RIGHT },
    { KEY_PPAGE, PGM_KEY_PAGE_UP },
    { KEY_NPAGE, PGM_KEY_PAGE_DOWN },
    { KEY_HOME, PGM_KEY_HOME },
    { KEY_END, PGM_KEY_END },
    { KEY_BTAB, PGM_KEY_BACK_TAB },
    { KEY_ENTER, PGM_KEY_ENTER },
    { KEY_BACKSPACE, PGM_KEY_BACKSPACE },
    { KEY_F (1), PGM_KEY_HELP },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    if (names[i].code == code)
      return names[i].name;
  return PGM_KEY_CHARACTER;
}

static PgmKeyName
name_of_character (wint_t character)
{
  switch (character)
    {
    case '\r':
    case '\n':
      return PGM_KEY_ENTER;
    case '\t':
      return PGM_KEY_TAB;
    case 0x1b:
      return PGM_KEY_ESCAPE;
    case '\b':
    case 0x7f:
      return PGM_KEY_BACKSPACE;
    case 0x0c: /* Ctrl-L */
      return PGM_KEY_REDRAW;
    case 0x1a: /* Ctrl-Z */
      return PGM_KEY_SUSPEND;
    default:
      return PGM_KEY_CHARACTER;
    }
}

gboolean
pgm_screen_read (PgmScreen *self, PgmKey *key)
{
  wint_t code;
  int kind;

  /* Keys without a meaning are passed over, and so is ncurses' own KEY_RESIZE. */
  while ((kind = get_wch (&code)) != ERR)
    {
      key->character = 0;
      key->name = kind == KEY_CODE_YES ? name_of (code) : name_of_character (code);
      if (kind != KEY_CODE_YES && key->name == PGM_KEY_CHARACTER)
        key->character = (gunichar) code;
      if (key->name != PGM_KEY_CHARACTER || key->character >= ' ')
        return TRUE;
    }
  return FALSE;
}

void
pgm_screen_suspend (PgmScreen *self)
{
  endwin ();
  kill (getpid (), SIGSTOP);
  self->whole = TRUE;
  refresh ();
}
