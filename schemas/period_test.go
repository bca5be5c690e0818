package schemas

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
)

func parseInstant(t *testing.T, text string) Time {
	t.Helper()
	var at Time
	if err := at.UnmarshalText([]byte(text)); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return at
}

// S23: the business date is the date on the entity's wall, whatever zone the event was said in and whatever UTC's date
// is. Others took the server's zone, or UTC, and booked month ends into the wrong month.
func TestS23BusinessDateInTheEntitysZone(t *testing.T) {
	for _, test := range []struct{ name, occurred, zone, date, period string }{
		{"London before the switch to summer time", "2011-03-27T00:59:59.999999Z", "Europe/London", "2011-03-27", "2011-03"},
		{"London in summer, an hour ahead of UTC", "2011-03-31T23:00:00Z", "Europe/London", "2011-04-01", "2011-04"},
		{"London a microsecond earlier", "2011-03-31T22:59:59.999999Z", "Europe/London", "2011-03-31", "2011-03"},
		{"London in winter", "2011-01-31T23:59:59Z", "Europe/London", "2011-01-31", "2011-01"},
		{"London in the hour that comes twice, first", "2011-10-30T01:30:00+01:00", "Europe/London", "2011-10-30", "2011-10"},
		{"London in the hour that comes twice, second", "2011-10-30T01:30:00Z", "Europe/London", "2011-10-30", "2011-10"},
		{"New York on the day of 23 hours", "2011-03-14T03:59:59Z", "America/New_York", "2011-03-13", "2011-03"},
		{"Sao Paulo, where midnight itself was skipped", "2011-10-16T03:00:00Z", "America/Sao_Paulo", "2011-10-16", "2011-10"},
		{"Sao Paulo, the second before", "2011-10-16T02:59:59Z", "America/Sao_Paulo", "2011-10-15", "2011-10"},
		{"Kolkata, half an hour off, month begin", "2011-03-31T18:30:00Z", "Asia/Kolkata", "2011-04-01", "2011-04"},
		{"Kolkata, a second earlier", "2011-03-31T18:29:59Z", "Asia/Kolkata", "2011-03-31", "2011-03"},
		{"said at +05:30, booked in London", "2011-04-01T03:30:00+05:30", "Europe/London", "2011-03-31", "2011-03"},
		{"Tokyo, month end", "2011-12-31T14:59:59.999999Z", "Asia/Tokyo", "2011-12-31", "2011-12"},
		{"Tokyo, new year", "2011-12-31T15:00:00Z", "Asia/Tokyo", "2012-01-01", "2012-01"},
		{"Tokyo, leap day", "2012-02-28T15:00:00Z", "Asia/Tokyo", "2012-02-29", "2012-02"},
		{"Los Angeles, still last month", "2011-05-01T06:59:59Z", "America/Los_Angeles", "2011-04-30", "2011-04"},
		{"before 1970", "1969-12-31T23:59:59.5Z", "UTC", "1969-12-31", "1969-12"},
	} {
		zone, err := time.LoadLocation(test.zone)
		if err != nil {
			t.Fatal(err)
		}
		date := EffectiveDate(parseInstant(t, test.occurred), zone)
		if date.String() != test.date || PeriodOf(date) != test.period {
			t.Errorf("%s: %s is %s in %s, want %s in %s", test.name, test.occurred, date, PeriodOf(date), test.date, test.period)
		}
	}
}

func TestPeriodOf(t *testing.T) {
	for day := Date(-800_000); day < 800_000; day += 13 {
		if got, want := PeriodOf(day), day.Time().Format("2006-01"); day.Time().Year() > 0 && got != want {
			t.Fatalf("PeriodOf(%v) = %s, want %s", day, got, want)
		}
	}
	for period, next := range map[string]string{"2011-03": "2011-04", "2011-12": "2012-01", "2012-01": "2012-02"} {
		if got := nextPeriod(period); got != next {
			t.Errorf("after %s comes %s, want %s", period, got, next)
		}
	}
}

// scheduleOf adds the changes in order; their instants are small numbers.
func scheduleOf(t *testing.T, changes ...PeriodChange) *CloseSchedule {
	t.Helper()
	var s CloseSchedule
	for _, change := range changes {
		if err := s.Add("UCI-GB", change); err != nil {
			t.Fatal(err)
		}
	}
	return &s
}

func closes(period string, at, appended Time) PeriodChange {
	return PeriodChange{Period: period, Closes: true, At: at, AppendedAt: appended}
}

func reopens(period string, at, appended Time) PeriodChange {
	return PeriodChange{Period: period, At: at, AppendedAt: appended}
}

func TestJudge(t *testing.T) {
	const march, april, may = "2011-03", "2011-04", "2011-05"
	for _, test := range []struct {
		name     string
		changes  []PeriodChange
		p0       string
		admitted Time
		want     string
	}{
		{"no closes", nil, march, 100, march},
		{"before the close", []PeriodChange{closes(march, 100, 90)}, march, 99, march},
		{"at the close", []PeriodChange{closes(march, 100, 90)}, march, 100, march},
		{"after the close", []PeriodChange{closes(march, 100, 90)}, march, 101, april},
		{"the next is closed too", []PeriodChange{closes(march, 100, 90), closes(april, 200, 190)}, march, 201, may},
		{"the next is closed later", []PeriodChange{closes(march, 100, 90), closes(april, 200, 190)}, march, 200, april},
		{"over new year", []PeriodChange{closes("2011-12", 100, 90)}, "2011-12", 101, "2012-01"},
		{"never back to an earlier open period", []PeriodChange{closes(april, 100, 90)}, april, 101, may},
		{"closed in the past, seen from then on only", []PeriodChange{closes(march, 50, 90)}, march, 89, march},
		{"closed in the past, seen", []PeriodChange{closes(march, 50, 90)}, march, 90, april},
		{"between close and reopening", []PeriodChange{closes(march, 100, 90), reopens(march, 150, 140)}, march, 149, april},
		{"from the reopening on", []PeriodChange{closes(march, 100, 90), reopens(march, 150, 140)}, march, 150, march},
		{"closed again", []PeriodChange{closes(march, 100, 90), reopens(march, 150, 140), closes(march, 200, 180)}, march, 201, april},
		{"open until closed again", []PeriodChange{closes(march, 100, 90), reopens(march, 150, 140), closes(march, 200, 180)}, march, 200, march},
		{"closed again before it reopens", []PeriodChange{closes(march, 100, 90), reopens(march, 150, 140), closes(march, 200, 145)}, march, 149, april},
		{"a close put off", []PeriodChange{closes(march, 100, 90), closes(march, 120, 95)}, march, 110, march},
		{"a close put off, past it", []PeriodChange{closes(march, 100, 90), closes(march, 120, 95)}, march, 121, april},
		{"a close brought forward", []PeriodChange{closes(march, 100, 90), closes(march, 97, 95)}, march, 98, april},
		{"a second close reopens nothing", []PeriodChange{closes(march, 100, 90), closes(march, 200, 150)}, march, 160, april},
		{"a later change is not seen", []PeriodChange{closes(march, 100, 90), reopens(march, 110, 140)}, march, 139, april},
	} {
		s := scheduleOf(t, test.changes...)
		period, original, late := s.Judge("UCI-GB", test.p0, test.admitted)
		wantOriginal := test.p0
		if test.want == test.p0 {
			wantOriginal = ""
		}
		if period != test.want || original != wantOriginal || late != (test.want != test.p0) {
			t.Errorf("%s: %s, original %q, late %v; want %s", test.name, period, original, late, test.want)
		}
		if period, _, late := s.Judge("OTHER", test.p0, test.admitted); period != test.p0 || late {
			t.Errorf("%s: the books of another entity are closed too", test.name)
		}
	}
}

func TestClosedAt(t *testing.T) {
	const march = "2011-03"
	for _, test := range []struct {
		name    string
		changes []PeriodChange
		at      Time
		want    Time // 0: it is open
	}{
		{"no closes", nil, 100, 0},
		{"announced", []PeriodChange{closes(march, 100, 90)}, 100, 0},
		{"closed", []PeriodChange{closes(march, 100, 90)}, 101, 100},
		{"put off", []PeriodChange{closes(march, 100, 90), closes(march, 112, 95)}, 101, 0},
		{"put off, past it", []PeriodChange{closes(march, 100, 90), closes(march, 112, 95)}, 113, 112},
		{"brought forward", []PeriodChange{closes(march, 100, 90), closes(march, 97, 95)}, 101, 97},
		{"a second close is too late to put it off", []PeriodChange{closes(march, 100, 90), closes(march, 112, 105)}, 113, 100},
		{"reopened", []PeriodChange{closes(march, 100, 90), reopens(march, 150, 140)}, 150, 0},
		{"closed again", []PeriodChange{closes(march, 100, 90), reopens(march, 150, 140), closes(march, 200, 180)}, 201, 200},
	} {
		if at, closed := scheduleOf(t, test.changes...).ClosedAt("UCI-GB", march, test.at); at != test.want || closed != (test.want != 0) {
			t.Errorf("%s: closed at %d, %v; want %d", test.name, at, closed, test.want)
		}
	}
}

func TestCloseScheduleRefuses(t *testing.T) {
	var s CloseSchedule
	for _, period := range []string{"", "2011", "2011-3", "2011-13", "2011-00", "2011-03-01", "03-2011"} {
		if err := s.Add("UCI-GB", closes(period, 1, 1)); err == nil || !strings.Contains(err.Error(), "2011-03") {
			t.Errorf("period %q: %v", period, err)
		}
	}
	if err := s.Add("", closes("2011-03", 1, 1)); err == nil {
		t.Error("a change without an entity is accepted")
	}
}

// A replay judges as the first run did: what is appended later never changes the answer for what was admitted before.
func TestJudgeIsStableUnderLaterChanges(t *testing.T) {
	r := newRand(t)
	months := []string{"2011-01", "2011-02", "2011-03", "2011-04"}
	for range 500 {
		var live CloseSchedule
		type verdict struct {
			p0, period string
			at         Time
		}
		var verdicts []verdict
		for now := Time(1); now < 200; now += 1 + Time(r.Int64N(4)) {
			if r.IntN(3) == 0 {
				change := PeriodChange{
					Period: months[r.IntN(len(months))], Closes: r.IntN(3) > 0,
					At: now + Time(r.Int64N(30)) - 5, AppendedAt: now,
				}
				if err := live.Add("E", change); err != nil {
					t.Fatal(err)
				}
			}
			p0 := months[r.IntN(len(months))]
			period, _, _ := live.Judge("E", p0, now)
			if at, closed := live.ClosedAt("E", p0, now); closed != (period != p0) || closed && at >= now {
				t.Fatalf("%s at %d: judged %s, closed at %d %v", p0, now, period, at, closed)
			}
			verdicts = append(verdicts, verdict{p0, period, now})
		}
		for _, v := range verdicts {
			if period, _, _ := live.Judge("E", v.p0, v.at); period != v.period {
				t.Fatalf("%s admitted at %d was judged %s, and %s in the replay", v.p0, v.at, v.period, period)
			}
		}
	}
}

func BenchmarkJudge(b *testing.B) {
	var s CloseSchedule
	start := time.Date(2010, 1, 1, 0, 0, 0, 0, time.UTC)
	for month := range 24 {
		period := start.AddDate(0, month, 0).Format("2006-01")
		if err := s.Add("E", closes(period, Time(month), Time(month))); err != nil {
			b.Fatal(err)
		}
	}
	dates := slices.Repeat([]Date{14_700}, 64)
	for i := range dates {
		dates[i] += Date(rand.IntN(300))
	}
	for i := 0; b.Loop(); i++ {
		s.Judge("E", PeriodOf(dates[i%64]), 1)
	}
}
