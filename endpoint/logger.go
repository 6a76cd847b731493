package endpoint

import (
	"encoding"
	"encoding/json"
	"fmt"

	"github.com/go-kit/log"
	"github.com/go-kit/log/level"
	"github.com/rs/zerolog"
)

// KitLogger lets a zerolog.Logger serve where Go kit wants its own. The value of "level", as kit's package level sets
// it, becomes the level of the line, that of "msg" its message, and an error keeps its type. A line without a level, as
// kit's own are, is an error if it has an "err", and for information otherwise.
func KitLogger(logger zerolog.Logger) log.Logger { return kitLogger{logger} }

type kitLogger struct{ logger zerolog.Logger }

var kitLevels = map[string]zerolog.Level{
	level.DebugValue().String(): zerolog.DebugLevel,
	level.InfoValue().String():  zerolog.InfoLevel,
	level.WarnValue().String():  zerolog.WarnLevel,
	level.ErrorValue().String(): zerolog.ErrorLevel,
}

// Log takes keys and values in turn. It never fails; a last key without its value gets kit's log.ErrMissingValue.
func (l kitLogger) Log(keyvals ...any) error {
	if len(keyvals)%2 == 1 {
		keyvals = append(keyvals[:len(keyvals):len(keyvals)], log.ErrMissingValue)
	}
	lineLevel, message := zerolog.NoLevel, ""
	fallback := zerolog.InfoLevel
	for i := 0; i < len(keyvals); i += 2 {
		switch key, value := keyvals[i], keyvals[i+1]; {
		case key == level.Key():
			if known, ok := kitLevels[fmt.Sprint(value)]; ok {
				lineLevel = known
			}
		case key == "msg":
			message = fmt.Sprint(value)
		case key == "err" && value != nil:
			fallback = zerolog.ErrorLevel
		}
	}
	if lineLevel == zerolog.NoLevel {
		lineLevel = fallback
	}
	event := l.logger.WithLevel(lineLevel)
	for i := 0; i < len(keyvals); i += 2 {
		if keyvals[i] != level.Key() && keyvals[i] != "msg" {
			addField(event, fmt.Sprint(keyvals[i]), keyvals[i+1])
		}
	}
	event.Msg(message)
	return nil
}

func addField(event *zerolog.Event, key string, value any) {
	switch value := value.(type) {
	case error:
		event.AnErr(key, value)
	case json.Marshaler, encoding.TextMarshaler:
		event.Interface(key, value)
	case fmt.Stringer:
		event.Str(key, fmt.Sprint(value)) // which survives a nil pointer
	default:
		event.Interface(key, value)
	}
}
