/* A card reader without hardware: an IFD handler for pcscd (pcsc-lite, ifdhandler.h version 3).
 *
 * Each reader listens on a Unix socket, and whoever connects to it is the card in its slot.
 * Closing the connection takes the card out. The reader's DEVICENAME in reader.conf is
 * FOLDER:NAME for the socket FOLDER/NAME: pcscd wants what stands before the colon to be there.
 * One library serves all readers of one pcscd; a reader is known by the upper half of its Lun.
 *
 * Messages are a length (two bytes, big-endian) and as many bytes. The reader speaks first:
 *
 *     one byte 0    power off, no answer        one byte 1    power on, no answer
 *     one byte 2    reset, no answer            one byte 4    the answer is the card's ATR
 *     anything else is a command APDU; the answer is the response APDU
 *
 * These are the messages of Debian's vsmartcard-vpcd, so a card works behind both. What is
 * different here: no port that the network could reach, one write for each message (two made
 * each APDU wait 50 ms for a delayed ACK), and any number of readers.
 *
 * A card that breaks off, answers nonsense or is silent for ten seconds is out of the slot. The
 * host is told of a communication error, which says nothing about what the card has done.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <ifdhandler.h>
#include <poll.h>
#include <pthread.h>
#include <reader.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#define READERS_MAX PCSCLITE_MAX_READERS_CONTEXTS
#define MESSAGE_MAX 65535
#define SILENCE_S 10
#define LOOK_MS 200 /* a change that the poll misses is seen after this */
#define ABSENT (-1)

enum { POWER_OFF = 0, POWER_ON = 1, RESET = 2, TELL_ATR = 4 };

struct reader {
    int listening; /* socket, or 0 when this reader is not open */
    int card;      /* socket, or ABSENT */
    int noticed;   /* the thread of pcscd that watches this reader knows that the slot is empty */
    int watched;   /* that thread is known */
    pthread_t watcher;
    struct sockaddr_un address;
    uint8_t atr[MAX_ATR_SIZE];
    DWORD atr_length;
    uint8_t message[2 + MESSAGE_MAX];
};

static struct reader readers[READERS_MAX];

static struct reader *reader_of(DWORD lun)
{
    DWORD index = lun >> 16;
    return index < READERS_MAX && readers[index].listening > 0 ? &readers[index] : NULL;
}

static void take_out(struct reader *reader)
{
    if (reader->card != ABSENT)
        close(reader->card);
    reader->card = ABSENT;
    reader->atr_length = 0;
}

static int send_whole(struct reader *reader, const uint8_t *body, size_t length)
{
    reader->message[0] = (uint8_t)(length >> 8);
    reader->message[1] = (uint8_t)length;
    memcpy(reader->message + 2, body, length);
    for (size_t sent = 0; sent < length + 2;) {
        ssize_t count = send(reader->card, reader->message + sent, length + 2 - sent, MSG_NOSIGNAL);
        if (count < 0 && errno == EINTR)
            continue;
        if (count <= 0)
            return 0;
        sent += (size_t)count;
    }
    return 1;
}

static int receive(int card, uint8_t *into, size_t length)
{
    for (size_t got = 0; got < length;) {
        ssize_t count = recv(card, into + got, length - got, 0);
        if (count < 0 && errno == EINTR)
            continue;
        if (count <= 0)
            return 0;
        got += (size_t)count;
    }
    return 1;
}

/* One question, one answer. A card that fails at it is taken out. */
static int ask(struct reader *reader, const uint8_t *body, size_t length, uint8_t *into, size_t *room)
{
    uint8_t prefix[2];
    if (reader->card == ABSENT)
        return 0;
    if (length <= MESSAGE_MAX && send_whole(reader, body, length)
        && receive(reader->card, prefix, sizeof prefix)) {
        size_t answer = (size_t)prefix[0] << 8 | prefix[1];
        if (answer <= *room && receive(reader->card, into, answer)) {
            *room = answer;
            return 1;
        }
    }
    take_out(reader);
    return 0;
}

static int tell(struct reader *reader, uint8_t order)
{
    if (reader->card != ABSENT && send_whole(reader, &order, 1))
        return 1;
    take_out(reader);
    return 0;
}

static int has_gone(const struct reader *reader)
{
    struct pollfd watch = { .fd = reader->card, .events = POLLRDHUP };
    return poll(&watch, 1, 0) > 0;
}

static void let_in(struct reader *reader)
{
    struct timeval silence = { .tv_sec = SILENCE_S };
    reader->card = accept4(reader->listening, NULL, NULL, SOCK_CLOEXEC);
    if (reader->card < 0) {
        reader->card = ABSENT;
        return;
    }
    setsockopt(reader->card, SOL_SOCKET, SO_RCVTIMEO, &silence, sizeof silence);
    setsockopt(reader->card, SOL_SOCKET, SO_SNDTIMEO, &silence, sizeof silence);
}

/* The socket appears under its name once it listens: who waits for the name may connect. */
RESPONSECODE IFDHCreateChannelByName(DWORD lun, LPSTR name)
{
    DWORD index = lun >> 16;
    struct sockaddr_un address = { .sun_family = AF_UNIX }, aside;
    char *colon = strrchr(name, ':');
    if (index >= READERS_MAX || !colon || strlen(name) + 1 >= sizeof address.sun_path)
        return IFD_NO_SUCH_DEVICE;
    strcpy(address.sun_path, name);
    address.sun_path[colon - name] = '/';
    aside = address;
    strcat(aside.sun_path, "~");
    int listening = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (listening < 0)
        return IFD_COMMUNICATION_ERROR;
    unlink(aside.sun_path);
    if (bind(listening, (struct sockaddr *)&aside, sizeof aside) < 0
        || chmod(aside.sun_path, S_IRUSR | S_IWUSR) < 0 || listen(listening, 1) < 0
        || rename(aside.sun_path, address.sun_path) < 0) {
        close(listening);
        return IFD_NO_SUCH_DEVICE;
    }
    readers[index].address = address;
    readers[index].card = ABSENT;
    readers[index].listening = listening;
    return IFD_SUCCESS;
}

/* A number cannot say which socket: reader.conf must have a DEVICENAME. */
RESPONSECODE IFDHCreateChannel(DWORD lun, DWORD channel)
{
    (void)lun;
    (void)channel;
    return IFD_NO_SUCH_DEVICE;
}

RESPONSECODE IFDHCloseChannel(DWORD lun)
{
    struct reader *reader = reader_of(lun);
    if (!reader)
        return IFD_NO_SUCH_DEVICE;
    take_out(reader);
    close(reader->listening);
    unlink(reader->address.sun_path);
    reader->listening = 0;
    return IFD_SUCCESS;
}

/* Wait until a card comes or goes, so that pcscd notices at once and need not look all the time. */
static RESPONSECODE wait_for_change(DWORD lun, int timeout_ms)
{
    struct reader *reader = reader_of(lun);
    if (!reader)
        return IFD_NO_SUCH_DEVICE;
    reader->watcher = pthread_self();
    reader->watched = 1;
    int absent = reader->card == ABSENT;
    if (absent && !reader->noticed)
        return IFD_SUCCESS;
    struct pollfd watch = { .fd = absent ? reader->listening : reader->card,
                            .events = absent ? POLLIN : POLLRDHUP };
    poll(&watch, 1, timeout_ms >= 0 && timeout_ms < LOOK_MS ? timeout_ms : LOOK_MS);
    return IFD_SUCCESS;
}

static RESPONSECODE put(PDWORD length, PUCHAR value, const void *from, size_t size)
{
    if (*length < size)
        return IFD_ERROR_INSUFFICIENT_BUFFER;
    memcpy(value, from, size);
    *length = size;
    return IFD_SUCCESS;
}

static RESPONSECODE put_byte(PDWORD length, PUCHAR value, uint8_t byte)
{
    return put(length, value, &byte, 1);
}

RESPONSECODE IFDHGetCapabilities(DWORD lun, DWORD tag, PDWORD length, PUCHAR value)
{
    RESPONSECODE (*waiting)(DWORD, int) = wait_for_change;
    struct reader *reader = reader_of(lun);
    switch (tag) {
    case TAG_IFD_ATR:
    case SCARD_ATTR_ATR_STRING:
        return reader ? put(length, value, reader->atr, reader->atr_length) : IFD_NO_SUCH_DEVICE;
    case TAG_IFD_SIMULTANEOUS_ACCESS:
        return put_byte(length, value, READERS_MAX);
    case TAG_IFD_THREAD_SAFE: /* readers share nothing, so they work at once */
        return put_byte(length, value, 1);
    case TAG_IFD_SLOTS_NUMBER:
        return put_byte(length, value, 1);
    case TAG_IFD_SLOT_THREAD_SAFE:
        return put_byte(length, value, 0);
    case TAG_IFD_POLLING_THREAD_WITH_TIMEOUT:
        return put(length, value, &waiting, sizeof waiting);
    case TAG_IFD_POLLING_THREAD_KILLABLE:
        return put_byte(length, value, 1);
    default:
        return IFD_ERROR_TAG;
    }
}

RESPONSECODE IFDHSetCapabilities(DWORD lun, DWORD tag, DWORD length, PUCHAR value)
{
    (void)lun;
    (void)tag;
    (void)length;
    (void)value;
    return IFD_NOT_SUPPORTED;
}

/* Bytes arrive whole whatever was negotiated, so every protocol is fine. */
RESPONSECODE IFDHSetProtocolParameters(DWORD lun, DWORD protocol, UCHAR flags, UCHAR pts1,
                                       UCHAR pts2, UCHAR pts3)
{
    (void)lun;
    (void)protocol;
    (void)flags;
    (void)pts1;
    (void)pts2;
    (void)pts3;
    return IFD_SUCCESS;
}

RESPONSECODE IFDHPowerICC(DWORD lun, DWORD action, PUCHAR atr, PDWORD length)
{
    struct reader *reader = reader_of(lun);
    if (!reader)
        return IFD_NO_SUCH_DEVICE;
    if (action == IFD_POWER_DOWN) {
        *length = 0;
        tell(reader, POWER_OFF);
        return IFD_SUCCESS;
    }
    const uint8_t question = TELL_ATR;
    size_t room = sizeof reader->atr;
    *length = 0;
    if (!tell(reader, action == IFD_RESET ? RESET : POWER_ON)
        || !ask(reader, &question, 1, reader->atr, &room))
        return IFD_ERROR_POWER_ACTION;
    reader->atr_length = room;
    memcpy(atr, reader->atr, room);
    *length = room;
    return IFD_SUCCESS;
}

RESPONSECODE IFDHTransmitToICC(DWORD lun, SCARD_IO_HEADER send_pci, PUCHAR command,
                               DWORD command_length, PUCHAR response, PDWORD response_length,
                               PSCARD_IO_HEADER receive_pci)
{
    struct reader *reader = reader_of(lun);
    size_t room = *response_length;
    (void)send_pci;
    (void)receive_pci;
    *response_length = 0;
    if (!reader)
        return IFD_NO_SUCH_DEVICE;
    /* One byte alone would be taken for an order, and no command APDU is that short. */
    if (command_length < 4 || !ask(reader, command, command_length, response, &room))
        return IFD_COMMUNICATION_ERROR;
    *response_length = room;
    return IFD_SUCCESS;
}

RESPONSECODE IFDHControl(DWORD lun, DWORD code, PUCHAR sent, DWORD sent_length, PUCHAR received,
                         DWORD received_length, LPDWORD returned)
{
    (void)lun;
    (void)code;
    (void)sent;
    (void)sent_length;
    (void)received;
    (void)received_length;
    *returned = 0;
    return IFD_ERROR_NOT_SUPPORTED;
}

RESPONSECODE IFDHICCPresence(DWORD lun)
{
    struct reader *reader = reader_of(lun);
    if (!reader)
        return IFD_NO_SUCH_DEVICE;
    if (reader->card != ABSENT && has_gone(reader))
        take_out(reader);
    /* Others than the watching thread ask too. It must have seen the empty slot before the next
     * card is let in, or two cards would be taken for one. */
    int watching = !reader->watched || pthread_equal(pthread_self(), reader->watcher);
    if (reader->card == ABSENT && watching && reader->noticed)
        let_in(reader);
    if (watching)
        reader->noticed = reader->card == ABSENT;
    return reader->card == ABSENT ? IFD_ICC_NOT_PRESENT : IFD_ICC_PRESENT;
}
