/* Runs a step on an emulated board: structs come in through one pipe and go out through another, until the end.
   Semihosting as "Semihosting for AArch32 and AArch64" (Arm) has it. */
#include "step.h"

extern uint32_t stack_top[];
void start(void);

__attribute__((section(".vectors"), used)) static void *const vectors[2] = {stack_top, (void *)start};

static step_t state;

static int32_t host(int32_t operation, const void *arguments)
{
    register int32_t r0 __asm__("r0") = operation;
    register const void *r1 __asm__("r1") = arguments;
    __asm__ volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
    return r0;
}

static int32_t opened(const char *name, int32_t length, int32_t mode)
{
    const int32_t arguments[3] = {(int32_t)name, mode, length};
    return host(1, arguments);
}

/* The host says how much of it is left; a pipe may give less than was asked for. */
static int transferred(int32_t operation, int32_t file)
{
    int32_t left = (int32_t)sizeof state;
    while (left > 0) {
        const int32_t at = (int32_t)&state + (int32_t)sizeof state - left;
        const int32_t arguments[3] = {file, at, left};
        const int32_t now = host(operation, arguments);
        if (now < 0 || now >= left) return 0;
        left = now;
    }
    return 1;
}

void start(void)
{
    static const int32_t stopped[2] = {0x20026, 0};
    *(volatile uint32_t *)0xe000ed88 |= 0xfu << 20; /* the floating-point unit is off after a reset */
    __asm__ volatile("dsb\n\tisb");
    const int32_t in = opened("in", 2, 1), out = opened("out", 3, 5);
    while (transferred(6, in)) {
        step_step(&state);
        if (!transferred(5, out)) break;
    }
    host(0x20, stopped);
    for (;;) { }
}
