/* The programs in the one static binary of the base, chosen by the name it is started under. */
#ifndef PROGRAMS_H
#define PROGRAMS_H

#define SELF "/sbin/hyperspace"
#define CONSOLE "/dev/ttyS0"

int init_main(void);
int agent_main(int argc, char **argv);
int hv_main(int argc, char **argv);
int top_main(void);

#endif
