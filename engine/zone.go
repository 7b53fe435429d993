package engine

import (
	"os"
	"time"
)

// zoneFile is where Unix keeps the time zone, unless TZ names one. Go reads it once;
// a computer that travels needs it anew for the timetable.
const zoneFile = "/etc/localtime"

const zoneEvery = 60 * ticksASecond

// clock is the time, in the system's time zone as it is now.
func (s *state) clock() time.Time {
	if s.zone == nil {
		return time.Now()
	}
	return time.Now().In(s.zone)
}

// watchZone looks whether the system's time zone is another one.
func (s *state) watchZone() {
	path, known := s.zoneFile, s.zoneData
	if path == "" {
		return
	}
	s.tasks.push(func() func(*state) {
		data, err := os.ReadFile(path)
		if err != nil || string(data) == known {
			return nil
		}
		zone, err := time.LoadLocationFromTZData("Local", data)
		if err != nil {
			return nil
		}
		return func(s *state) {
			s.zoneData = string(data)
			if known == "" { // it is the one that Go has read
				return
			}
			s.zone, s.asked = zone, time.Time{}
			s.limit(s.clock())
		}
	})
}

// systemZone is the file to watch, "" if there is none.
func systemZone() string {
	if _, named := os.LookupEnv("TZ"); named {
		return ""
	}
	return zoneFile
}
