package main

import (
	"testing"
	"testing/fstest"
)

func TestMemoryThatIsAllowed(t *testing.T) {
	const mib = 1 << 20
	machine := "MemFree: 1 kB\nMemTotal:  4194304 kB\n"
	for name, c := range map[string]struct {
		files map[string]string
		want  int64
	}{
		"no limit anywhere":       {nil, mostMemory},
		"the machine's":           {map[string]string{"proc/meminfo": machine}, 4 << 30},
		"version 2, in container": {map[string]string{"proc/meminfo": machine, "sys/fs/cgroup/memory.max": "536870912\n"}, 512 * mib},
		"version 2, high": {map[string]string{"proc/meminfo": machine, "sys/fs/cgroup/memory.max": "max\n",
			"sys/fs/cgroup/memory.high": "1048576000\n"}, 1000 * mib},
		"version 2, a group above": {map[string]string{"proc/meminfo": machine, "proc/self/cgroup": "0::/jobs.slice/night.service\n",
			"sys/fs/cgroup/jobs.slice/memory.max": "104857600\n", "sys/fs/cgroup/jobs.slice/night.service/memory.max": "209715200\n"}, 100 * mib},
		"version 1": {map[string]string{"proc/meminfo": machine, "proc/self/cgroup": "11:cpu:/a\n9:memory:/docker/c0ffee\n1:name=systemd:/\n",
			"sys/fs/cgroup/memory/docker/c0ffee/memory.limit_in_bytes": "67108864\n"}, 64 * mib},
		"version 1, in container": {map[string]string{"proc/meminfo": machine, "proc/self/cgroup": "9:memory:/docker/c0ffee\n",
			"sys/fs/cgroup/memory/memory.limit_in_bytes": "67108864\n"}, 64 * mib},
		"version 1 without limit": {map[string]string{"proc/meminfo": machine,
			"sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n"}, 4 << 30},
		"a path that leads out": {map[string]string{"proc/meminfo": machine, "proc/self/cgroup": "0::/../../x\n",
			"sys/fs/cgroup/x/memory.max": "104857600\n"}, 100 * mib},
		"nonsense": {map[string]string{"proc/meminfo": "MemTotal\n", "proc/self/cgroup": "memory\n",
			"sys/fs/cgroup/memory.max": "many\n"}, mostMemory},
	} {
		root := fstest.MapFS{}
		for path, text := range c.files {
			root[path] = &fstest.MapFile{Data: []byte(text)}
		}
		if got := allowedMemory(root); got != c.want {
			t.Errorf("%s: %d, want %d", name, got, c.want)
		}
	}
}

// Less memory makes blocks smaller and then workers fewer, never the other way.
func TestBlocksAndWorkersFitIntoMemory(t *testing.T) {
	flags := func(memory int64, values map[string]string) *settings {
		s := &settings{of: map[string]setting{}, memory: memory}
		for name, v := range values {
			s.of[name] = setting{values: []string{v}, rank: 3}
		}
		return s
	}
	for _, c := range []struct {
		memory         int64
		workers, block string
		n, size, ahead int
	}{
		{4 << 30, "8", "1MiB", 8, 1 << 20, 12},
		{4 << 30, "1", "1MiB", 1, 1 << 20, 0},
		{leastMemory, "2", "256KiB", 2, 256 << 10, 6},
		{leastMemory, "2", "9", 2, 9, 12},
		{leastMemory, "64", "256KiB", 64, 42366, 0},
		{leastMemory, "1024", "256KiB", 680, 4100, 0},
	} {
		s := flags(c.memory, map[string]string{"workers": c.workers, "block-size": c.block})
		n := s.workers()
		size := s.blockSize(n)
		ahead := s.ahead(n, size)
		if n != c.n || size != c.size || ahead != c.ahead || s.err != nil {
			t.Errorf("%d bytes, %s workers, blocks of %s: %d workers, blocks of %d, %d ahead, %v", c.memory, c.workers, c.block, n, size, ahead, s.err)
		}
		if int64(size)*int64(n+2+ahead)*timesOver > c.memory/blocksHalf {
			t.Errorf("%d bytes are too few for %d workers and blocks of %d", c.memory, n, size)
		}
	}
}
