package recur

// dayFilter holds the parts of a rule that select days. Parts that are given must
// all match; what RFC 5545 calls expanding a period is the same as filtering all
// of its days.
type dayFilter struct {
	months               uint16 // Bit 1 is January; 0 means all.
	monthDays, lastDays  uint32 // By day of the month, from its start and its end.
	weekdays             uint8  // Bit 0 is Sunday.
	nth                  []nthDay
	nthInYear            bool // The nth weekday of the year, else of the month.
	yearDays             *[2][367]bool
	weeks, lastWeeks     uint64 // By week number, from the start and the end of the year.
	byMonthDay, byWeekNo bool
	byDay                bool
}

// nthDay is a weekday with a number, such as 2MO or -1FR.
type nthDay struct{ weekday, n int }

// date is one day of the calendar.
type date struct {
	year             int64
	month, day       int
	monthLength      int
	yearDay          int // From 1.
	yearLength       int
	weekday          int // 0 is Sunday.
	week, weeksTotal int // Only where weeks are numbered.
}

// matches says whether the day passes.
func (f *dayFilter) matches(d *date) bool {
	if f.months != 0 && f.months>>d.month&1 == 0 {
		return false
	}
	if f.byMonthDay && f.monthDays>>d.day&1 == 0 && f.lastDays>>(d.monthLength-d.day+1)&1 == 0 {
		return false
	}
	if f.yearDays != nil && !f.yearDays[0][d.yearDay] && !f.yearDays[1][d.yearLength-d.yearDay+1] {
		return false
	}
	if f.byWeekNo && f.weeks>>d.week&1 == 0 && f.lastWeeks>>(d.weeksTotal-d.week+1)&1 == 0 {
		return false
	}
	return !f.byDay || f.weekdays>>d.weekday&1 == 1 || f.nthMatches(d)
}

func (f *dayFilter) nthMatches(d *date) bool {
	position, length := d.day, d.monthLength
	if f.nthInYear {
		position, length = d.yearDay, d.yearLength
	}
	for _, want := range f.nth {
		if want.weekday != d.weekday {
			continue
		}
		if want.n > 0 && (position-1)/7+1 == want.n || want.n < 0 && -((length-position)/7+1) == want.n {
			return true
		}
	}
	return false
}

// number returns the number of the period that holds a day: of the day, the week,
// the month, the year, or the year that the day's week belongs to.
func (r *Rule) number(day int64) int64 {
	switch r.freq {
	case Daily:
		return day
	case Weekly:
		// 1970-01-01 was a Thursday, the fifth day of a week that starts on Sunday.
		return floor(day+4-int64(r.wkst), 7)
	case Monthly:
		year, month, _ := fromDays(day)
		return year*12 + int64(month) - 1
	default:
		year, _, _ := fromDays(day)
		if !r.days.byWeekNo {
			return year
		}
		if day >= r.firstWeek(year+1) {
			return year + 1
		}
		if day < r.firstWeek(year) {
			return year - 1
		}
		return year
	}
}

// bounds returns the days [first, last) of a period.
func (r *Rule) bounds(number int64) (first, last int64) {
	switch r.freq {
	case Daily:
		return number, number + 1
	case Weekly:
		first = number*7 - 4 + int64(r.wkst)
		return first, first + 7
	case Monthly:
		month := func(n int64) int64 { return firstOf(floor(n, 12), int(n-floor(n, 12)*12)+1) }
		return month(number), month(number + 1)
	default:
		if r.days.byWeekNo {
			return r.firstWeek(number), r.firstWeek(number + 1)
		}
		return firstOf(number, 1), firstOf(number+1, 1)
	}
}

// firstWeek returns the first day of the first week of a year: the first that has
// at least four days in it.
func (r *Rule) firstWeek(year int64) int64 {
	newYear := firstOf(year, 1)
	into := (weekday(newYear) - r.wkst + 7) % 7
	if into <= 3 {
		return newYear - int64(into)
	}
	return newYear + int64(7-into)
}

// collect appends the days of a period that pass the filter.
func (r *Rule) collect(out []int64, first, last int64) []int64 {
	var d date
	for day := first; day < last; day++ {
		if day == first || d.day == d.monthLength {
			d.set(day)
		} else {
			d.day++
			d.yearDay++
			d.weekday = (d.weekday + 1) % 7
		}
		if r.days.byWeekNo {
			d.week, d.weeksTotal = int(day-first)/7+1, int(last-first)/7
		}
		if r.days.matches(&d) {
			out = append(out, day)
		}
	}
	return out
}

// set fills the date of a day.
func (d *date) set(day int64) {
	d.year, d.month, d.day = fromDays(day)
	d.monthLength = monthLength(d.year, d.month)
	newYear := firstOf(d.year, 1)
	d.yearDay, d.yearLength = int(day-newYear)+1, 365
	if leap(d.year) {
		d.yearLength = 366
	}
	d.weekday = weekday(day)
}

// weekday returns the day of the week, 0 for Sunday.
func weekday(day int64) int { return int(((day+4)%7 + 7) % 7) }

func leap(year int64) bool { return year%4 == 0 && (year%100 != 0 || year%400 == 0) }

func monthLength(year int64, month int) int {
	switch month {
	case 4, 6, 9, 11:
		return 30
	case 2:
		if leap(year) {
			return 29
		}
		return 28
	default:
		return 31
	}
}

// fromDays turns days since 1970-01-01 into a date of the Gregorian calendar, by
// Howard Hinnant's civil_from_days, which counts years from March.
func fromDays(day int64) (year int64, month, dayOfMonth int) {
	day += 719_468
	era := floor(day, 146_097)
	doe := day - era*146_097
	yoe := (doe - doe/1460 + doe/36_524 - doe/146_096) / 365
	doy := doe - (365*yoe + yoe/4 - yoe/100)
	mp := (5*doy + 2) / 153
	month = int(mp) + 3
	year = yoe + era*400
	if month > 12 {
		month -= 12
		year++
	}
	return year, month, int(doy-(153*mp+2)/5) + 1
}

// firstOf is the reverse for the first day of a month, by Hinnant's days_from_civil.
func firstOf(year int64, month int) int64 {
	if month <= 2 {
		year--
		month += 12
	}
	era := floor(year, 400)
	yoe := year - era*400
	doy := int64((153*(month-3) + 2) / 5)
	return era*146_097 + yoe*365 + yoe/4 - yoe/100 + doy - 719_468
}
