/* A desktop's notifications, as far as a test needs them: takes what applications post on
 * the session bus and remembers it. */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

typedef struct _NoticeBoard NoticeBoard;

/* Before the first notification is sent. */
NoticeBoard *notice_board_open (void);
void notice_board_close (NoticeBoard *self);

/* The notification of that id as it was posted, printed as a GVariant; NULL when there is
 * none, or it was withdrawn. Transfer full. */
char *notice_board_look (NoticeBoard *self, const char *id);

G_END_DECLS
