"use strict";
// Draws the charts of a page from the numbers of its block #plots; backfolio/report/plots.py says what they mean.
// Words and values reach the page as text only. Without this script a figure shows the drawing that stands in it.
(() => {
  const block = document.getElementById("plots"), LW = window.LightweightCharts;
  if (!block || !LW) return;
  const data = JSON.parse(block.textContent), words = data.words;
  const summed = steps => { let at = 0; return steps.map(step => at += step); };
  const times = summed(data.days).map(day => day * 86400), size = times.length;
  const NEAR = 6, CROWDED = 24, QUIET_MS = 250, SESSIONS_LEAST = 8;

  const day = row => new Date(times[row] * 1000).toISOString().slice(0, 10);
  const minus = text => text.replace("-", "\u2212");
  // Formatters are costly to make, so each is made once.
  const plain = [0, 1, 2, 3].map(digits => new Intl.NumberFormat("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits }));
  const short = new Intl.NumberFormat(data.lang, { notation: "compact", maximumSignificantDigits: 3 });
  const named = how => new Intl.DateTimeFormat(data.lang, { timeZone: "UTC", ...how });
  const ticks = [named({ year: "numeric" }), named({ month: "short" }), named({ month: "short", day: "numeric" })];
  const fixed = (value, digits) => minus(plain[digits].format(value));
  const compact = value => short.format(value);
  const percent = (value, digits = 2) => (value > 0 ? "+" : "") + fixed(value, digits) + "%";
  const clamp = (value, low, high) => Math.max(low, Math.min(high, value));

  const made = (tag, name, text) => {
    const node = document.createElement(tag);
    if (name) node.className = name;
    if (text !== undefined) node.textContent = text;
    return node;
  };

  // --- colours: those of the style sheet, read again whenever they change ---
  const ROLES = { strategy: ["--blue", 2, 0], benchmark: ["--muted", 1, 0] };
  const OTHERS = ["--line-1", "--line-2", "--line-3", "--line-4", "--line-5"];
  const read = () => {
    const style = getComputedStyle(document.documentElement), known = new Map();
    const of = name => {
      if (!known.has(name)) known.set(name, style.getPropertyValue(name).trim());
      return known.get(name);
    };
    return { of, font: getComputedStyle(document.body).fontFamily, dark: matchMedia("(prefers-color-scheme: dark)").matches };
  };
  let ink = read();
  const drawn = [];
  const repaint = () => { ink = read(); for (const chart of drawn) chart.paint(); };

  const options = () => ({
    layout: {
      background: { type: "solid", color: "transparent" }, textColor: ink.of("--muted"), fontSize: 12,
      fontFamily: ink.font, attributionLogo: false,
      panes: { separatorColor: ink.of("--line"), separatorHoverColor: ink.of("--line"), enableResize: false },
    },
    grid: { vertLines: { color: ink.of("--soft") }, horzLines: { color: ink.of("--soft") } },
    rightPriceScale: { borderVisible: false },
    timeScale: { borderColor: ink.of("--line") },
    crosshair: {
      mode: 0,
      vertLine: { color: ink.of("--grey"), labelBackgroundColor: ink.dark ? "#3a424d" : "#3f4751" },
      horzLine: { color: ink.of("--grey"), labelBackgroundColor: ink.dark ? "#3a424d" : "#3f4751" },
    },
  });

  // --- a figure: what is read off, the drawing, its buttons ---
  class Plot {
    constructor(figure, make) {
      this.figure = figure;
      this.painters = [];
      this.told = new Map();
      this.stage = made("div", "stage");
      this.stage.tabIndex = 0;
      this.stage.setAttribute("role", "img");
      this.stage.setAttribute("aria-label", `${figure.getAttribute("aria-label") || ""} ${words.help}`.trim());
      this.legend = made("div", "read");
      this.tip = made("div", "plot-tip");
      this.tip.hidden = true;
      const bar = made("div", "bar");
      bar.append(this.legend, this.buttons());
      figure.prepend(bar, this.stage);
      figure.classList.add("live");
      this.chart = LW.createChart(this.stage, {
        ...options(), autoSize: true,
        handleScroll: { mouseWheel: true, pressedMouseMove: true, horzTouchDrag: true, vertTouchDrag: false },
        handleScale: { mouseWheel: true, pinch: true, axisPressedMouseMove: { time: true, price: false } },
        localization: { locale: data.lang, timeFormatter: time => new Date(time * 1000).toISOString().slice(0, 10) },
      });
      this.scale = this.chart.timeScale();
      this.scale.applyOptions({ tickMarkFormatter: (time, kind) => ticks[Math.min(kind, 2)].format(time * 1000) });
      this.scale.applyOptions({ minBarSpacing: 0.01, fixLeftEdge: true, fixRightEdge: true, lockVisibleTimeRangeOnResize: true });
      this.stage.append(this.tip);
      make(this);
      this.watch();
      this.whole();
      this.show(null);
      drawn.push(this);
    }

    buttons() {
      const box = made("div", "tools");
      this.range = made("span", "range");
      const button = (text, label, act) => {
        const node = made("button", "", text);
        node.type = "button";
        if (label !== text) { node.setAttribute("aria-label", label); node.title = label; }
        node.addEventListener("click", act);
        return node;
      };
      box.append(this.range, button("\u2212", words.wider, () => this.zoom(2)), button("+", words.closer, () => this.zoom(0.5)),
        button(words.whole, words.whole, () => this.whole()));
      return box;
    }

    paint() {
      this.chart.applyOptions(options());
      for (const painter of this.painters) painter();
    }

    painted(painter) { this.painters.push(painter); painter(); }

    title(pane, text) {
      pane.attachPrimitive(layer(this, "normal", paint => {
        paint.font = `12px ${ink.font}`;
        paint.fillStyle = ink.of("--muted");
        paint.textAlign = "left";
        paint.fillText(text, 7, 15);
      }));
    }

    tell(row, text, kind = "") {
      if (!this.told.has(row)) this.told.set(row, []);
      this.told.get(row).push([text, kind]);
    }

    whole() {
      const all = { from: -0.5, to: Math.max(size, 2) - 0.5 };
      this.scale.setVisibleLogicalRange(all);
      this.note(all);
    }

    note(range) {
      const from = clamp(Math.ceil(range.from), 0, size - 1), to = clamp(Math.floor(range.to), 0, size - 1);
      this.wide = range.to - range.from >= size - 1;
      this.figure.dataset.from = day(from);
      this.figure.dataset.to = day(to);
      this.range.textContent = `${day(from)} \u2013 ${day(to)}`;
    }

    zoom(factor) {
      const now = this.scale.getVisibleLogicalRange();
      if (!now) return;
      const middle = (now.from + now.to) / 2, half = Math.max((now.to - now.from) / 2 * factor, SESSIONS_LEAST / 2);
      if (2 * half >= size) this.whole();
      else {
        const from = clamp(middle - half, -0.5, size - 0.5 - 2 * half);
        this.scale.setVisibleLogicalRange({ from, to: from + 2 * half });
      }
    }

    watch() {
      this.chart.subscribeCrosshairMove(event => {
        const out = event.point === undefined || event.logical === undefined;
        this.row = out ? null : clamp(Math.round(event.logical), 0, size - 1);
        this.show(this.row, event.point);
      });
      this.scale.subscribeVisibleLogicalRangeChange(range => { if (range) this.note(range); });
      // A wheel that was scrolling the page goes on scrolling it when a chart comes under the pointer.
      let meant = false, scrolled = -QUIET_MS;
      window.addEventListener("scroll", () => { scrolled = performance.now(); meant = false; }, { passive: true });
      this.stage.addEventListener("pointermove", event => {
        if ((event.movementX || event.movementY) && performance.now() - scrolled > QUIET_MS) meant = true;
      });
      this.stage.addEventListener("pointerleave", () => { meant = false; });
      this.stage.addEventListener("wheel", event => {
        if (!(meant || event.ctrlKey) || (this.wide && event.deltaY > 0)) event.stopPropagation();
      }, { capture: true, passive: true });
      this.stage.addEventListener("keydown", event => this.key(event));
      this.stage.addEventListener("blur", () => { this.chart.clearCrosshairPosition(); this.show(null); });
    }

    key(event) {
      const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      if (step) {
        const row = clamp((this.row ?? (step < 0 ? size : -1)) + step, 0, size - 1);
        this.row = row;
        const at = this.scale.logicalToCoordinate(row);
        this.show(row, { x: at ?? 0, y: 24 });
        this.pointed?.(row);
      } else if (event.key === "+" || event.key === "=") this.zoom(0.5);
      else if (event.key === "-") this.zoom(2);
      else if (event.key === "0") this.whole();
      else return;
      event.preventDefault();
    }

    // What is said of a row: its values in the legend, what happened on it beside the pointer.
    show(row, point) {
      this.values(row);
      this.hot = row === null || !point ? null : this.near(row, point.x);
      this.tip.hidden = this.hot === null;
      if (this.hot === null) return;
      const lines = this.told.get(this.hot), most = 9;
      this.tip.replaceChildren(made("b", "", day(this.hot)),
        ...lines.slice(0, most).map(([text, kind]) => made("span", kind, text)));
      if (lines.length > most) this.tip.append(made("span", "quiet", `${words.more}: ${lines.length - most}`));
      const room = this.stage.clientWidth, width = this.tip.offsetWidth, height = this.tip.offsetHeight;
      const right = point.x + 16 + width <= room;
      this.tip.style.left = `${clamp(right ? point.x + 16 : point.x - 16 - width, 0, Math.max(room - width, 0))}px`;
      this.tip.style.top = `${clamp(point.y - height / 2, 4, Math.max(this.stage.clientHeight - height - 4, 4))}px`;
    }

    near(row, x) {
      if (this.told.has(row)) return row;
      let best = null, least = NEAR;
      for (const other of this.told.keys()) {
        const at = this.scale.logicalToCoordinate(other);
        if (at !== null && Math.abs(at - x) < least) { least = Math.abs(at - x); best = other; }
      }
      return best;
    }
  }

  // --- drawing by hand: things that stand at a row ---
  const layer = (plot, order, draw) => {
    const renderer = { draw: target => target.useMediaCoordinateSpace(({ context, mediaSize }) => draw(context, mediaSize.width, mediaSize.height)) };
    const views = [{ zOrder: () => order, renderer: () => renderer }];
    return { paneViews: () => views };
  };
  const placed = (plot, rows, width) => rows
    .map(row => [plot.scale.logicalToCoordinate(row), row]).filter(([x]) => x !== null && x >= -8 && x <= width + 8);

  // Catalysts as diamonds at the foot of a pane, refused orders as crosses above them.
  const strip = (plot, rows, crosses = []) => layer(plot, "top", (paint, width, height) => {
    const marks = placed(plot, rows, width), crowded = marks.length > CROWDED, reach = crowded ? 3.5 : 5;
    paint.lineWidth = 1;
    for (const [x, row] of marks) {
      const hot = row === plot.hot;
      if (hot || !crowded) {
        paint.globalAlpha = hot ? 0.9 : 0.3;
        paint.strokeStyle = ink.of("--orange");
        paint.setLineDash(hot ? [] : [1, 4]);
        paint.beginPath(); paint.moveTo(x, 0); paint.lineTo(x, height - 8); paint.stroke();
        paint.setLineDash([]);
        paint.globalAlpha = 1;
      }
      paint.fillStyle = ink.of("--orange");
      paint.strokeStyle = ink.of("--card");
      paint.beginPath();
      paint.moveTo(x, height - 9 - reach); paint.lineTo(x + reach, height - 9);
      paint.lineTo(x, height - 9 + reach); paint.lineTo(x - reach, height - 9);
      paint.closePath(); paint.fill(); paint.stroke();
    }
    paint.strokeStyle = ink.of("--ink");
    paint.lineWidth = 1.5;
    for (const [x] of placed(plot, crosses, width)) {
      paint.beginPath();
      paint.moveTo(x - 3.5, height - 26.5); paint.lineTo(x + 3.5, height - 19.5);
      paint.moveTo(x + 3.5, height - 26.5); paint.lineTo(x - 3.5, height - 19.5);
      paint.stroke();
    }
  });

  const signs = (plot, indices) => {
    const rows = new Set();
    for (const at of indices) {
      const [row, kind, title] = data.marks[at];
      plot.tell(row, `${kind}: ${title}`, "fact");
      rows.add(row);
    }
    return [...rows];
  };

  // --- several curves: an account with its exposure, or a comparison ---
  const curves = (figure, chart) => new Plot(figure, plot => {
    const legend = [];
    let other = 0, nulls = 0;
    const styles = chart.lines.map(line => {
      if (ROLES[line.role]) return { colour: ROLES[line.role][0], width: ROLES[line.role][1], dash: 0 };
      if (line.role === "null") return [{ colour: "--line-3", width: 1, dash: 2 }, { colour: "--line-4", width: 1, dash: 1 }][nulls++ % 2];
      return { colour: OTHERS[other % OTHERS.length], width: 2, dash: other++ < OTHERS.length ? 0 : 2 };
    });
    const put = (type, pane, line, values, style, more) => {
      const series = plot.chart.addSeries(type, {
        lineWidth: style.width, lineStyle: style.dash, priceLineVisible: false, lastValueVisible: false,
        crosshairMarkerRadius: 3, ...more,
      }, pane);
      series.setData(times.map((time, row) => {
        const value = values[row - line.first];
        return value === undefined ? { time } : { time, value: value / 100 };
      }));
      return series;
    };
    // The axis reaches beyond the values, to where none can be: nothing is written there.
    const written = (least, most, write) => ({ type: "custom", minMove: 0.01, formatter: value => value < least || value > most ? "" : write(value) });
    const gained = value => percent(value, Math.abs(value) < 10 && value % 1 ? 1 : 0);
    const format = written(-100, Infinity, gained), fallen = written(-100, 0, gained);
    const panes = ["gain", "drawdown", ...(chart.exposure ? ["exposure"] : [])];
    const gains = chart.lines.map(line => summed(line.gain));
    const falls = chart.lines.map(line => line.fall && summed(line.fall));
    let first = null;
    // The first line is drawn last, so that it lies on top.
    chart.lines.map((line, at) => at).reverse().forEach(at => {
      const line = chart.lines[at], style = styles[at];
      const top = put(LW.LineSeries, 0, line, gains[at], style, { priceFormat: format });
      plot.painted(() => top.applyOptions({ color: ink.of(style.colour) }));
      if (at === 0) first = top;
      if (!falls[at]) return;
      const zero = base => ({ priceRange: { minValue: Math.min(base?.priceRange?.minValue ?? 0, -1), maxValue: 0 } });
      const filled = at === 0 && chart.exposure;
      const low = put(filled ? LW.BaselineSeries : LW.LineSeries, 1, line, falls[at], { ...style, width: 1 }, {
        priceFormat: fallen, autoscaleInfoProvider: read => zero(read()), ...(filled && { baseValue: { type: "price", price: 0 } }),
      });
      plot.painted(() => low.applyOptions(filled ? {
        topLineColor: ink.of(style.colour), bottomLineColor: ink.of(style.colour),
        bottomFillColor1: ink.of("--fall"), bottomFillColor2: ink.of("--fall"), topFillColor1: "transparent", topFillColor2: "transparent",
      } : { color: ink.of(style.colour) }));
    });
    first.createPriceLine({ price: 0, axisLabelVisible: false, lineWidth: 1, lineStyle: 0, color: "rgba(128,136,146,.7)" });
    let exposure = null;
    if (chart.exposure) {
      exposure = summed(chart.exposure);
      const share = put(LW.AreaSeries, 2, { first: 0 }, exposure, { width: 1, dash: 0 }, {
        lineType: 1, priceFormat: written(0, 100, value => `${fixed(value, 0)}%`),
        autoscaleInfoProvider: () => ({ priceRange: { minValue: 0, maxValue: 100 } }),
      });
      plot.painted(() => share.applyOptions({ lineColor: ink.of("--muted"), topColor: ink.of("--band"), bottomColor: ink.of("--band") }));
    }
    const tall = { gain: 60, drawdown: 22, exposure: 18 };
    plot.chart.panes().forEach((pane, at) => {
      pane.setStretchFactor(tall[panes[at]]);
      plot.title(pane, words[panes[at]]);
    });
    plot.chart.priceScale("right", 0).applyOptions({ scaleMargins: { top: 0.1, bottom: 0.13 } });
    plot.chart.priceScale("right", 1).applyOptions({ scaleMargins: { top: 0.18, bottom: 0.08 } });
    if (exposure) plot.chart.priceScale("right", 2).applyOptions({ scaleMargins: { top: 0.26, bottom: 0.08 } });
    const rows = signs(plot, chart.marks);
    if (rows.length) plot.chart.panes()[0].attachPrimitive(strip(plot, rows));

    const date = made("span", "date");
    plot.legend.append(date);
    chart.lines.forEach((line, at) => {
      const key = made("i", `key dash-${styles[at].dash}`), value = made("b"), fall = made("span", "quiet"), item = made("span", "item");
      plot.painted(() => { key.style.borderTopColor = ink.of(styles[at].colour); });
      item.append(key, made("span", "name", line.name), value, fall);
      plot.legend.append(item);
      legend.push(row => {
        const place = row - line.first, gain = gains[at][place];
        value.textContent = gain === undefined ? "\u2013" : percent(gain / 100);
        fall.textContent = gain === undefined || !falls[at] ? "" : `(${percent(falls[at][place] / 100)})`;
      });
    });
    if (exposure) {
      const item = made("span", "item"), value = made("b");
      item.append(made("span", "name", words.exposure), value);
      plot.legend.append(item);
      legend.push(row => { value.textContent = `${fixed(exposure[row] / 100, 0)}%`; });
    }
    plot.values = row => {
      const at = row ?? size - 1;
      date.textContent = day(at);
      for (const say of legend) say(at);
    };
    plot.pointed = row => {
      const place = row - chart.lines[0].first, gain = gains[0][place];
      if (gain !== undefined) plot.chart.setCrosshairPosition(gain / 100, times[row], first);
    };
    figure.dataset.marks = chart.marks.length;
    figure.dataset.lines = chart.lines.length;
  });

  // --- the candles of one name ---
  const candles = (figure, chart) => new Plot(figure, plot => {
    const bars = unpacked(chart), money = value => fixed(value, chart.unit === 10 ? 2 : 3);
    const locks = new Map([...summed(chart.up).map(row => [row, 1]), ...summed(chart.down).map(row => [row, -1])]);
    const shut = new Set([...summed(chart.no_buy), ...summed(chart.no_sell)]);
    const halts = chart.gaps.filter(([, , halted]) => halted);
    const series = plot.chart.addSeries(LW.CandlestickSeries, {
      priceLineVisible: false, lastValueVisible: false, upColor: "rgba(0,0,0,0)", borderVisible: true,
      priceFormat: { type: "custom", minMove: chart.unit / 1000, formatter: value => value > 0 ? money(value) : "" },
    });
    series.setData(times.map((time, row) => bars[row] ? { time, ...bars[row].prices } : { time }));
    plot.painted(() => series.applyOptions({
      borderUpColor: ink.of("--gain"), wickUpColor: ink.of("--gain"),
      downColor: ink.of("--loss"), borderDownColor: ink.of("--loss"), wickDownColor: ink.of("--loss"),
    }));
    const volume = plot.chart.addSeries(LW.HistogramSeries, {
      priceLineVisible: false, lastValueVisible: false,
      priceFormat: { type: "custom", minMove: 1, formatter: value => value < 0 ? "" : compact(value * 100) },
    }, 1);
    volume.setData(times.map((time, row) => bars[row] ? { time, value: bars[row].volume } : { time }));
    plot.painted(() => volume.applyOptions({ color: ink.of("--grey") }));
    plot.chart.panes()[0].setStretchFactor(82);
    plot.chart.panes()[1].setStretchFactor(18);
    plot.chart.priceScale("right", 0).applyOptions({ scaleMargins: { top: 0.08, bottom: 0.17 } });
    plot.chart.priceScale("right", 1).applyOptions({ scaleMargins: { top: 0.08, bottom: 0 } });

    const arrows = () => chart.fills.map(([row, side], at) => ({
      time: times[row], id: String(at), shape: side > 0 ? "arrowUp" : "arrowDown", position: side > 0 ? "belowBar" : "aboveBar",
      color: ink.of(side > 0 ? "--buy" : "--sell"), size: 1.2,
    }));
    const fills = LW.createSeriesMarkers(series, [], { zOrder: "top" });
    plot.painted(() => fills.setMarkers(arrows()));

    for (const [row, , paid] of chart.ex) plot.tell(row, `${words.ex}: ${paid}`, "ex");
    for (const [row, way] of locks) plot.tell(row, words[(shut.has(row) ? ["no_sell", "no_buy"] : ["down", "up"])[way > 0 ? 1 : 0]], "lock");
    for (const [row, count] of halts) for (let at = row; at < row + count; at++) plot.tell(at, words.halted, "halt");
    for (const [row, side, shares, price, why] of chart.fills) {
      plot.tell(row, `${words[side > 0 ? "buy" : "sell"]} ${fixed(shares, 0)} \u00d7 ${fixed(price / 1000, price % 10 ? 3 : 2)}, ${data.reasons[why]}`, side > 0 ? "buy" : "sell");
    }
    for (const [row, side, shares, why] of chart.refused) {
      plot.tell(row, `${words.refused}: ${words[side > 0 ? "buy" : "sell"]} ${fixed(shares, 0)}, ${data.reasons[why]}`, "no");
    }
    const rows = signs(plot, chart.marks), crosses = [...new Set(chart.refused.map(([row]) => row))];
    plot.chart.panes()[0].attachPrimitive(bands(plot, locks, shut, halts, chart.ex.map(([row]) => row)));
    plot.chart.panes()[0].attachPrimitive(strip(plot, rows, crosses));

    const date = made("span", "date"), said = ["open", "high", "low", "close"].map(name => [name, made("b")]);
    const change = made("b"), traded = made("b");
    plot.legend.append(date, ...said.map(([name, value]) => { const item = made("span", "item"); item.append(made("span", "name", words[name]), value); return item; }));
    const rest = made("span", "item"), last = made("span", "item");
    rest.append(change);
    last.append(made("span", "name", words.volume), traded);
    plot.legend.append(rest, last);
    let end = size - 1;
    while (end > 0 && !bars[end]) end--;
    plot.values = row => {
      const at = row ?? end, bar = bars[at];
      date.textContent = day(at);
      for (const [name, value] of said) value.textContent = bar ? money(bar.prices[name]) : "\u2013";
      change.textContent = bar && bar.change !== null ? percent(bar.change) : "";
      change.className = bar && bar.change > 0 ? "gain" : bar && bar.change < 0 ? "loss" : "";
      traded.textContent = bar ? compact(bar.volume * 100) : words.halted;
      if (!bar && !halts.some(([from, count]) => at >= from && at < from + count)) traded.textContent = "\u2013";
    };
    plot.pointed = row => { if (bars[row]) plot.chart.setCrosshairPosition(bars[row].prices.close, times[row], series); };
    figure.dataset.fills = fills.markers().length;
    figure.dataset.marks = chart.marks.length;
    figure.dataset.locked = locks.size;
    figure.dataset.halts = halts.reduce((sum, [, count]) => sum + count, 0);
    figure.dataset.ex = chart.ex.length;
    figure.dataset.refused = chart.refused.length;
  });

  // Bars by row from their steps; undefined where there is none.
  const unpacked = chart => {
    const bars = Array(size), empty = new Set(), reference = new Map(chart.ex.map(([row, price]) => [row, price]));
    for (const [row, count] of chart.gaps) for (let at = row; at < row + count; at++) empty.add(at);
    let at = 0, before = 0, due = null;
    for (let row = 0; row < size; row++) {
      // A reference price that came in a halt still stands when trading goes on.
      if (reference.get(row)) due = reference.get(row);
      if (empty.has(row)) continue;
      const open = before + chart.open[at], close = before + chart.close[at];
      const high = Math.max(open, close) + chart.high[at], low = Math.min(open, close) - chart.low[at];
      const base = due ?? before, share = price => price * chart.unit / 1000;
      bars[row] = {
        prices: { open: share(open), high: share(high), low: share(low), close: share(close) },
        volume: chart.volume[at], change: base ? (close / base - 1) * 100 : null,
      };
      before = close; due = null; at++;
    }
    return bars;
  };

  // Locked and halted sessions as bands behind the candles, ex-dates as lines; an edge on top or below tells up from down.
  const bands = (plot, locks, shut, halts, ex) => layer(plot, "bottom", (paint, width, height) => {
    const at = row => plot.scale.logicalToCoordinate(row), from = at(0);
    if (from === null) return;
    const step = at(1) - from || 6, wide = Math.max(step, 1.6);
    const band = (row, count, colour, alpha) => {
      const x = from + row * step - wide / 2, span = (count - 1) * step + wide;
      if (x + span < 0 || x > width) return null;
      paint.globalAlpha = alpha;
      paint.fillStyle = colour;
      paint.fillRect(x, 0, span, height);
      paint.globalAlpha = 1;
      return [x, span];
    };
    for (const [row, count] of halts) band(row, count, ink.of("--grey"), 0.22);
    for (const [row, way] of locks) {
      const where = band(row, 1, ink.of(way > 0 ? "--gain" : "--loss"), shut.has(row) ? 0.34 : 0.15);
      if (where) paint.fillRect(where[0], way > 0 ? 0 : height - 3, where[1], 3);
    }
    paint.strokeStyle = ink.of("--muted");
    paint.fillStyle = ink.of("--muted");
    paint.font = `11px ${ink.font}`;
    paint.textAlign = "center";
    for (const row of ex) {
      const x = from + row * step;
      if (x < 0 || x > width) continue;
      paint.setLineDash([4, 3]);
      paint.beginPath(); paint.moveTo(x, 18); paint.lineTo(x, height); paint.stroke();
      paint.setLineDash([]);
      paint.fillText(words.ex_short, clamp(x, 8, width - 8), 13);
    }
  });

  // --- mount: what is on top at once, the rest when it comes near ---
  const KINDS = { account: curves, lines: curves, candles };
  const mount = figure => {
    const chart = data.charts[figure.dataset.plot], kind = KINDS[figure.dataset.kind];
    if (!chart || !kind || !size || figure.classList.contains("live")) return;
    kind(figure, chart);
    figure.dataset.drawn = "yes";
  };
  const figures = [...document.querySelectorAll("figure.plot")];
  const watcher = new IntersectionObserver(seen => {
    for (const { target, isIntersecting } of seen) if (isIntersecting) { watcher.unobserve(target); mount(target); }
  }, { rootMargin: "300px" });
  for (const figure of figures) if (figure.dataset.kind === "account") mount(figure); else watcher.observe(figure);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", repaint);
  // On paper a figure without a drawing of its own shows a picture of its chart, in the colours of paper:
  // a chart itself would be laid out anew for the sheet, and nothing draws it then.
  const develop = () => {
    figures.forEach(mount);
    repaint();
    for (const plot of drawn) {
      plot.paper?.remove();
      if (plot.figure.querySelector(".static svg")) continue;
      plot.paper = plot.chart.takeScreenshot(true, false);
      plot.paper.className = "paper";
      plot.figure.append(plot.paper);
    }
  };
  const clear = () => {
    for (const plot of drawn) plot.paper?.remove();
    repaint();
  };
  matchMedia("print").addEventListener("change", event => event.matches ? develop() : clear());
  window.addEventListener("beforeprint", develop);
  window.addEventListener("afterprint", clear);
})();
