package release

// rule is one cell of the engine's state table: what to do, and where it leads.
type rule struct {
	action Action
	next   State
}

// table is the state table of ADR 0021. A test holds the two together, and
// another that every event of every state can be reached.
//
// Two properties can be read off it: no forward effect (prepare, apply,
// complete) stands in a state that goes back, and no such state leads forward.
var table = map[State]map[Event]rule{
	Opened: {
		EventAbortRequested:  {ActMove, Aborting},
		EventFormatTooRecent: {ActStop, Opened},
		EventUnprepared:      {ActPrepareAnalysis, Opened},
		EventWatchOnly:       {ActMove, Baking},
		EventRepairable:      {ActMove, Completing},
		EventReady:           {ActMove, Preparing},
	},
	Preparing: {
		EventAbortRequested:  {ActMove, Aborting},
		EventFormatTooRecent: {ActStop, Preparing},
		EventIntentOpen:      {ActLook, Preparing},
		EventIntentUnmet:     {ActPrepare, Preparing},
		EventBackingOff:      {ActWait, Preparing},
		EventRefused:         {ActMove, Reverting},
		EventTimedOut:        {ActMove, Reverting},
		EventArmUnhealthy:    {ActMove, Reverting},
		EventUnrepaired:      {ActRevert, Preparing},
		EventArmMissing:      {ActPrepare, Preparing},
		EventArmReady:        {ActMove, Stepping},
	},
	Stepping: {
		EventAbortRequested:  {ActMove, Aborting},
		EventFormatTooRecent: {ActStop, Stepping},
		EventHarm:            {ActMove, Reverting},
		EventHarmManual:      {ActMove, Paused},
		EventSwitchFired:     {ActMove, Reverting},
		EventIntentOpen:      {ActLook, Stepping},
		EventIntentUnmet:     {ActApply, Stepping},
		EventBackingOff:      {ActWait, Stepping},
		EventRefused:         {ActMove, Reverting},
		EventTimedOut:        {ActMove, Reverting},
		EventDiverged:        {ActMove, Paused},
		EventGatesUnasked:    {ActAskGates, Stepping},
		EventGatesBlocked:    {ActMove, Paused},
		EventStepUnapplied:   {ActApply, Stepping},
		EventAllTraffic:      {ActMove, Baking},
		EventNoData:          {ActMove, Paused},
		EventTrafficShare:    {ActMove, Paused},
		EventStepPassed:      {ActPassStep, Stepping},
		EventDeadlineExtend:  {ActExtend, Stepping},
		EventDeadlinePause:   {ActMove, Paused},
		EventDeadlineRevert:  {ActMove, Reverting},
		EventTickDue:         {ActMeasure, Stepping},
		EventBetweenTicks:    {ActWait, Stepping},
	},
	Paused: {
		EventAbortRequested:  {ActMove, Aborting},
		EventFormatTooRecent: {ActStop, Paused},
		EventHarm:            {ActMove, Reverting},
		EventSwitchFired:     {ActMove, Reverting},
		EventCleared:         {ActMove, Stepping},
		EventClearedBake:     {ActMove, Baking},
		EventGatesUnasked:    {ActAskGates, Paused},
		EventTickDue:         {ActMeasure, Paused},
		EventBetweenTicks:    {ActWait, Paused},
	},
	Baking: {
		EventAbortRequested:  {ActMove, Aborting},
		EventFormatTooRecent: {ActStop, Baking},
		EventHarm:            {ActMove, Reverting},
		EventHarmManual:      {ActMove, Paused},
		EventSwitchFired:     {ActMove, Reverting},
		EventDiverged:        {ActMove, Paused},
		EventNoData:          {ActMove, Paused},
		EventBaked:           {ActMove, Completing},
		EventTickDue:         {ActMeasure, Baking},
		EventBetweenTicks:    {ActWait, Baking},
	},
	Completing: {
		EventAbortRequested:  {ActMove, Aborting},
		EventFormatTooRecent: {ActStop, Completing},
		EventIntentOpen:      {ActLook, Completing},
		EventBackingOff:      {ActWait, Completing},
		EventRefused:         {ActMove, Reverting},
		EventUnrepaired:      {ActRevert, Completing},
		EventUncompleted:     {ActComplete, Completing},
		EventUnfinalized:     {ActFinalize, Completing},
		EventUnlooked:        {ActLook, Completing},
		EventServingOurs:     {ActMove, Succeeded},
		EventServingOther:    {ActMove, Errored},
	},
	Aborting: {
		EventUnreverted:   {ActRevert, Aborting},
		EventRevertFailed: {ActMove, RollbackFailed},
		EventUnconfirmed:  {ActLook, Aborting},
		EventBackingOff:   {ActWait, Aborting},
		EventUnfinalized:  {ActFinalize, Aborting},
		EventBackForAbort: {ActMove, Aborted},
		EventBackForError: {ActMove, Errored},

		EventCompletedAfter: {ActMove, Errored},
	},
	Reverting: {
		EventUnreverted:   {ActRevert, Reverting},
		EventRevertFailed: {ActMove, RollbackFailed},
		EventUnconfirmed:  {ActLook, Reverting},
		EventBackingOff:   {ActWait, Reverting},
		EventUnfinalized:  {ActFinalize, Reverting},
		EventBackForHarm:  {ActMove, RolledBack},
		EventBackForError: {ActMove, Errored},

		EventCompletedAfter: {ActMove, Errored},
	},
	RollbackFailed: {
		EventBackingOff:    {ActWait, RollbackFailed},
		EventRetryDue:      {ActRevert, RollbackFailed},
		EventReverted:      {ActMove, Reverting},
		EventRevertedAbort: {ActMove, Aborting},
	},
	Succeeded:  {EventClosed: {ActStop, Succeeded}},
	RolledBack: {EventClosed: {ActStop, RolledBack}},
	Aborted:    {EventClosed: {ActStop, Aborted}},
	Errored:    {EventClosed: {ActStop, Errored}},
}
