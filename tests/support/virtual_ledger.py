"""What was written to virtual partitions and what came back: each record once, in the order of its key, in the key's
partition. Memory grows with the keys, not with the records, so that it serves runs of millions.

`again`: a reader that ended without a commit may make another one begin before what was read; none may be left out."""


def value_of(number):
    return b"%d" % number


class Ledger:
    def __init__(self, partitions, again=False):
        self.partitions = partitions
        self.again = again
        self.written = {}  # key -> records acknowledged, numbered from 0
        self._next = {}  # key -> the number that is due
        self._place = {}  # key -> its partition
        self.faults = []
        self.read = 0

    def note_written(self, key, number, partition):
        """Acknowledged by the broker; in the order of the key's records."""
        if number != self.written.get(key, 0):
            self._fault(f"{key}: acknowledged {number} where {self.written.get(key, 0)} was due")
        self.written[key] = number + 1
        self._stands_in(key, partition)

    def note_all_written(self, key, count, partition):
        """By somebody else, who has seen to the order."""
        self.written[key] = count
        self._stands_in(key, partition)

    def place_of(self, key):
        return self._place[key]

    def note_read(self, key, value, partition):
        number, due = int(value), self._next.get(key, 0)
        self._stands_in(key, partition)
        if self.again and number < due:
            return
        self.read += 1
        if number != due:
            self._fault(f"{key}: read {number} where {due} was due, from partition {partition}")
        self._next[key] = max(due, number + 1)

    def _stands_in(self, key, partition):
        if not 0 <= partition < self.partitions:
            self._fault(f"{key}: in partition {partition}")
        if self._place.setdefault(key, partition) != partition:
            self._fault(f"{key}: in partition {partition}, before in {self._place[key]}")

    def _fault(self, text):
        if len(self.faults) < 20:
            self.faults.append(text)

    @property
    def total(self):
        return sum(self.written.values())

    @property
    def complete(self):
        return self.read >= self.total

    def partitions_used(self):
        return len(set(self._place.values()))

    def check(self):
        """Ends with what is wrong, or gives a line that says what was right."""
        for key, count in self.written.items():
            if self._next.get(key, 0) != count:
                self._fault(f"{key}: {count} written, {self._next.get(key, 0)} read")
        if self.faults or self.read != self.total:
            raise SystemExit(f"{self.total} written, {self.read} read; {'; '.join(self.faults)}")
        return f"{self.total} records of {len(self.written)} keys in {self.partitions_used()} partitions, each once, in order"
