/* pgmanager: the command line. Builds store and engine and hands them in. */
#include <locale.h>

#include "config.h"

#include "cli/cli.h"
#include "engine/local-engine.h"
