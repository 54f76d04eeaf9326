// Molecules on a canvas: the film of a path, moved by a slider, by playing or by the cursor over
// the profile beside it, and a normal mode that swings. Every element of class "film" holds its
// data as JSON; nothing here builds markup from it.
(() => {
  "use strict";
  const SOLID = 1.25; // a bond up to this many sums of covalent radii is drawn whole,
  const FADED = 1.5; // one longer than that not at all, and between them dashed;
  const FADED_H = 1.75; // hydrogen has no neighbours so near that are not bound or about to be
  const SWEEP = 4000; // ms from one end of a path to the other
  const SWING = 1600; // ms of one period of a mode
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;

  const shade = (colour, towards, part) =>
    "rgb(" + [1, 3, 5].map((i) => {
      const value = parseInt(colour.slice(i, i + 2), 16);
      return Math.round(value + (towards - value) * part);
    }).join(",") + ")";
  const bright = (colour) =>
    0.3 * parseInt(colour.slice(1, 3), 16) + 0.59 * parseInt(colour.slice(3, 5), 16) +
    0.11 * parseInt(colour.slice(5, 7), 16) > 140;
  const along = (a, b, part) => a.map((value, i) => value + (b[i] - value) * part);
  const fixed = (value, digits) => value.toFixed(digits).replace(/^-(0\.?0*)$/, "$1").replace("-", "−");
  const length = (v) => Math.hypot(v[0], v[1], v[2]);

  function scene(canvas, atoms, reach) {
    const pen = canvas.getContext("2d");
    const size = atoms.radii.map((r) => 0.2 + 0.27 * r);
    let turn = [[1, 0, 0], [0, 1, 0], [0, 0, 1]];
    let zoom = 1;

    function rotate(right, down) {
      const [c, s, d, t] = [Math.cos(right), Math.sin(right), Math.cos(down), Math.sin(down)];
      const by = [[c, 0, s], [t * s, d, -t * c], [-d * s, t, d * c]];
      turn = by.map((row) => [0, 1, 2].map((j) => row.reduce((sum, v, k) => sum + v * turn[k][j], 0)));
    }
    const turned = (p) => turn.map((row) => row[0] * p[0] + row[1] * p[1] + row[2] * p[2]);

    function line(from, to, colour, width, dash) {
      pen.setLineDash(dash);
      pen.strokeStyle = colour;
      pen.lineWidth = width;
      pen.beginPath();
      pen.moveTo(from[0], from[1]);
      pen.lineTo(to[0], to[1]);
      pen.stroke();
      pen.setLineDash([]);
    }

    function ball(place, radius, i, numbered) {
      const [x, y] = place, colour = atoms.colours[i];
      const fill = pen.createRadialGradient(x - 0.35 * radius, y - 0.4 * radius, 0.1 * radius, x, y, radius);
      fill.addColorStop(0, shade(colour, 255, 0.6));
      fill.addColorStop(0.55, colour);
      fill.addColorStop(1, shade(colour, 0, 0.3));
      pen.fillStyle = fill;
      pen.beginPath();
      pen.arc(x, y, radius, 0, 2 * Math.PI);
      pen.fill();
      pen.strokeStyle = shade(colour, 0, 0.5);
      pen.lineWidth = 1;
      pen.stroke();
      if (radius < 7) return;
      const name = atoms.symbols[i] + (numbered ? i + 1 : "");
      pen.fillStyle = bright(colour) ? "#1c2733" : "#ffffff";
      pen.font = `600 ${Math.min(15, (name.length > 2 ? 0.75 : 0.95) * radius)}px system-ui, sans-serif`;
      pen.fillText(name, x, y);
    }

    function arrow(from, to, width) {
      const [dx, dy] = [to[0] - from[0], to[1] - from[1]];
      const far = Math.hypot(dx, dy), head = Math.min(9, far);
      if (far < 3) return;
      const neck = along(to, from, head / far);
      line(from, neck, "#c2506a", width, []);
      pen.fillStyle = "#c2506a";
      pen.beginPath();
      pen.moveTo(to[0], to[1]);
      pen.lineTo(neck[0] - 0.5 * head * dy / far, neck[1] + 0.5 * head * dx / far);
      pen.lineTo(neck[0] + 0.5 * head * dy / far, neck[1] - 0.5 * head * dx / far);
      pen.fill();
    }

    function bonds(points, screen, scale) {
      const items = [];
      for (let i = 0; i < points.length; i++) {
        for (let j = 0; j < i; j++) {
          const far = length(along(points[i], points[j], 1).map((v, k) => v - points[i][k]));
          const ratio = far / (atoms.radii[i] + atoms.radii[j]);
          const faded = Math.min(atoms.radii[i], atoms.radii[j]) < 0.32 ? FADED_H : FADED;
          if (!(ratio < faded) || far <= size[i] + size[j]) continue;
          const strength = Math.min(1, (faded - ratio) / (faded - SOLID));
          // From surface to surface, so that a bond never covers the letter of an atom behind it.
          const ends = [along(points[i], points[j], 0.9 * size[i] / far),
            along(points[j], points[i], 0.9 * size[j] / far)];
          const [from, to] = ends.map(screen), middle = screen(along(ends[0], ends[1], 0.5));
          const width = 0.15 * scale, dash = strength < 1 ? [0.7 * width, 0.9 * width] : [];
          items.push([(points[i][2] + points[j][2]) / 2, () => {
            pen.globalAlpha = 0.25 + 0.75 * strength;
            pen.lineCap = dash.length ? "butt" : "round";
            if (!dash.length) line(from, to, "#5a6672", width + 2, dash);
            line(from, middle, shade(atoms.colours[i], 90, 0.25), width, dash);
            line(middle, to, shade(atoms.colours[j], 90, 0.25), width, dash);
            pen.globalAlpha = 1;
          }]);
        }
      }
      return items;
    }

    function draw(xyz, arrows) {
      const ratio = devicePixelRatio || 1, w = canvas.clientWidth, h = canvas.clientHeight;
      if (canvas.width !== Math.round(w * ratio) || canvas.height !== Math.round(h * ratio)) {
        canvas.width = Math.round(w * ratio);
        canvas.height = Math.round(h * ratio);
      }
      pen.setTransform(ratio, 0, 0, ratio, 0, 0);
      pen.clearRect(0, 0, w, h);
      pen.textAlign = "center";
      pen.textBaseline = "middle";
      const scale = zoom * 0.47 * Math.min(w, h) / reach, eye = 6 * reach;
      const near = (z) => scale * eye / (eye - z);
      const screen = (p) => [w / 2 + p[0] * near(p[2]), h / 2 - p[1] * near(p[2])];
      const points = xyz.map(turned), numbered = Math.min(...size) * scale > 9;
      const items = bonds(points, screen, scale);
      points.forEach((p, i) => {
        items.push([p[2], () => ball(screen(p), size[i] * near(p[2]), i, numbered)]);
        if (!arrows) return;
        const v = turned(arrows[i]), far = length(v);
        if (far < 0.04) return;
        const root = p.map((value, k) => value + v[k] * size[i] / far);
        const tip = root.map((value, k) => value + v[k]);
        items.push([tip[2] + 1e-3, () => arrow(screen(root), screen(tip), 3)]);
      });
      items.sort((a, b) => a[0] - b[0]).forEach((item) => item[1]());
    }
    return { draw, rotate, grow: (factor) => { zoom = Math.min(5, Math.max(0.3, zoom * factor)); } };
  }

  // What a film shows at a place from 0 to 1, and how the place moves with time.
  function pathFilm(data) {
    const { s, curve } = data, first = s[0], last = s[s.length - 1];
    const between = (grid, value) => {
      let i = grid.findIndex((x) => x >= value);
      i = i < 0 ? grid.length - 1 : Math.max(1, i);
      const part = (value - grid[i - 1]) / (grid[i] - grid[i - 1]);
      return [i, Math.min(1, Math.max(0, part))];
    };
    const where = (place) => first + place * (last - first);
    const energy = (value) => {
      const [i, part] = between(curve.s, value);
      return curve.energy[i - 1] + part * (curve.energy[i] - curve.energy[i - 1]);
    };
    return {
      start: (0 - first) / (last - first),
      at(place) {
        const [i, part] = between(s, where(place));
        return data.frames[i].map((p, k) => along(data.frames[i - 1][k], p, part));
      },
      words: (place) =>
        `s = ${fixed(where(place), 2)} amu½ bohr, ${fixed(energy(where(place)), 1)} kcal/mol`,
      point: (place) => [where(place), energy(where(place))],
      place: (value) => Math.min(1, Math.max(0, (value - first) / (last - first))),
      moved: (place, up, passed) => {
        const next = place + (up ? passed : -passed) / SWEEP;
        return next > 1 ? [1, false] : next < 0 ? [0, true] : [next, up];
      },
    };
  }

  function modeFilm(data) {
    const swing = (place) => Math.sin(2 * Math.PI * place);
    return {
      start: 0,
      arrows: data.displacement,
      at: (place) => data.frames[0].map((p, i) =>
        p.map((value, k) => value + 0.6 * swing(place) * data.displacement[i][k])),
      words: () => data.label,
      moved: (place, up, passed) => [(place + passed / SWING) % 1, true],
    };
  }

  // A line across the panels and a dot on the profile: laid over the plot, which is not redrawn.
  function cursor(host, film, go) {
    const section = host.closest("section");
    const plot = film.point && section && section.querySelector(".js-plotly-plot");
    if (!plot || !plot.on) return () => {};
    const [rule, dot] = ["film-rule", "film-dot"].map((name) => {
      const mark = document.createElement("div");
      mark.className = name;
      plot.parentElement.style.position = "relative";
      plot.parentElement.append(mark);
      return mark;
    });
    const axes = () => {
      const all = plot._fullLayout;
      return all && all.xaxis && all.xaxis.d2p && all.yaxis ? [all.xaxis, all.yaxis, all._size, all] : null;
    };
    let place = film.start;
    const show = (next) => {
      place = next;
      const found = axes();
      if (!found) return;
      const [xa, ya, edge, all] = found, [s, energy] = film.point(place);
      const x = xa.d2p(s), y = ya.d2p(energy);
      rule.hidden = !(x >= 0 && x <= xa._length);
      dot.hidden = rule.hidden || !(y >= 0 && y <= ya._length);
      rule.style.left = dot.style.left = `${xa._offset + x}px`;
      rule.style.top = `${edge.t}px`;
      rule.style.height = `${all.height - edge.t - edge.b}px`;
      dot.style.top = `${ya._offset + y}px`;
    };
    const follow = (event) => {
      const found = axes();
      if (!found) return;
      const box = plot.getBoundingClientRect(), [xa, , edge, all] = found;
      const x = event.clientX - box.left - xa._offset, y = event.clientY - box.top;
      if (x < 0 || x > xa._length || y < edge.t || y > all.height - edge.b) return;
      go(film.place(xa.p2d(x)));
    };
    plot.addEventListener("pointermove", follow);
    plot.addEventListener("pointerdown", follow);
    plot.on("plotly_afterplot", () => show(place));
    return show;
  }

  function hands(canvas, view, redraw) {
    let held = null;
    canvas.addEventListener("pointerdown", (event) => {
      held = [event.clientX, event.clientY];
      canvas.setPointerCapture(event.pointerId);
    });
    canvas.addEventListener("pointermove", (event) => {
      if (!held) return;
      view.rotate((event.clientX - held[0]) / 120, (event.clientY - held[1]) / 120);
      held = [event.clientX, event.clientY];
      redraw();
    });
    for (const name of ["pointerup", "pointercancel"]) {
      canvas.addEventListener(name, () => { held = null; });
    }
    const keys = {
      ArrowLeft: () => view.rotate(-0.15, 0), ArrowRight: () => view.rotate(0.15, 0),
      ArrowUp: () => view.rotate(0, -0.15), ArrowDown: () => view.rotate(0, 0.15),
      "+": () => view.grow(1.15), "-": () => view.grow(1 / 1.15),
    };
    canvas.addEventListener("keydown", (event) => {
      if (!keys[event.key] || event.ctrlKey || event.metaKey || event.altKey) return;
      keys[event.key]();
      redraw();
      event.preventDefault();
    });
  }

  function begin(host) {
    const data = JSON.parse(host.querySelector("script").textContent);
    const [canvas, button, slider, output] =
      ["canvas", "button", "input", "output"].map((name) => host.querySelector(name));
    const film = data.displacement ? modeFilm(data) : pathFilm(data);
    const view = scene(canvas, data, data.reach);
    view.rotate(0.3, 0.25);
    let place = Math.min(1, Math.max(0, film.start)), up = true, playing = false, last = 0, seen = true;
    const redraw = () => {
      view.draw(film.at(place), film.arrows);
      output.textContent = film.words(place);
      slider.value = Math.round(1000 * place);
      slider.setAttribute("aria-valuetext", film.words(place));
      mark(place);
    };
    const go = (next) => { play(false); place = next; redraw(); };
    const mark = cursor(host, film, go);
    const tick = (now) => {
      if (!playing || !seen) return;
      [place, up] = film.moved(place, up, Math.min(100, now - last));
      last = now;
      redraw();
      requestAnimationFrame(tick);
    };
    const run = () => { last = performance.now(); requestAnimationFrame(tick); };
    function play(on) {
      if (playing === on) return;
      playing = on;
      button.textContent = on ? "Pause" : "Play";
      if (on) run();
    }
    button.addEventListener("click", () => play(!playing));
    slider.addEventListener("input", () => go(slider.value / 1000));
    hands(canvas, view, redraw);
    new ResizeObserver(redraw).observe(canvas);
    new IntersectionObserver((entries) => {
      const was = seen;
      seen = entries[entries.length - 1].isIntersecting;
      if (seen && !was && playing) run();
    }).observe(canvas);
    redraw();
    play(Boolean(data.displacement) && !calm);
  }

  document.querySelectorAll(".film").forEach(begin);
})();
