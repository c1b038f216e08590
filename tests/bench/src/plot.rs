//! Plots as SVG.

use std::error::Error;

use plotters::coord::ranged1d::{AsRangedCoord, ValueFormatter};
use plotters::prelude::*;

use crate::error::{BenchError, Doing};
use crate::section::{Axis, Plot};

const WIDTH: u32 = 960;
const HEIGHT: u32 = 480;
const FONT: (&str, i32) = ("sans-serif", 15);
/// Colours that remain distinct for viewers who cannot tell red from green (Okabe and Ito).
const COLOURS: [RGBColor; 8] = [
    RGBColor(0, 114, 178),
    RGBColor(230, 159, 0),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(86, 180, 233),
    RGBColor(213, 94, 0),
    RGBColor(240, 228, 66),
    RGBColor(0, 0, 0),
];

type Drawn = Result<(), Box<dyn Error + Send + Sync>>;

/// A plot as SVG.
pub(crate) fn svg(plot: &Plot) -> Result<String, BenchError> {
    let mut svg = String::new();
    let drawn = match plot {
        Plot::Bars { title, axis, bars } => draw_bars(&mut svg, title, axis, bars),
        Plot::Lines { title, x_axis, y_axis, lines } => draw_lines(&mut svg, title, [x_axis, y_axis], lines),
    };
    drawn.doing(|| "draw a plot".to_owned())?;
    Ok(svg)
}

fn draw_bars(svg: &mut String, title: &str, axis: &str, bars: &[(String, f64)]) -> Drawn {
    let height = 110 + 36 * u32::try_from(bars.len())?;
    let area = SVGBackend::with_string(svg, (WIDTH, height)).into_drawing_area();
    area.fill(&WHITE)?;
    let max = bars.iter().map(|(_, value)| *value).fold(f64::MIN_POSITIVE, f64::max);
    let mut chart = ChartBuilder::on(&area)
        .caption(title, ("sans-serif", 20))
        .margin(12)
        .x_label_area_size(44)
        .y_label_area_size(240)
        .build_cartesian_2d(0.0..max * 1.12, (0..bars.len()).into_segmented())?;
    let name = |segment: &SegmentValue<usize>| match segment {
        SegmentValue::CenterOf(index) => bars.get(*index).map(|(name, _)| name.clone()).unwrap_or_default(),
        _ => String::new(),
    };
    let mut mesh = chart.configure_mesh();
    mesh.disable_y_mesh().x_desc(axis).y_labels(bars.len()).y_label_formatter(&name).label_style(FONT).draw()?;
    for (index, (_, value)) in bars.iter().enumerate() {
        let corners = [(0.0, SegmentValue::Exact(index)), (*value, SegmentValue::Exact(index + 1))];
        let mut bar = Rectangle::new(corners, COLOURS[index % COLOURS.len()].filled());
        bar.set_margin(5, 5, 0, 0);
        chart.draw_series([bar])?;
        let position = (*value + max * 0.008, SegmentValue::CenterOf(index));
        chart.draw_series([Text::new(format!("{value:.1}"), position, FONT)])?;
    }
    area.present()?;
    drop(chart);
    Ok(())
}

type Lines = [(String, Vec<(f64, f64)>)];

fn draw_lines(svg: &mut String, title: &str, axes: [&Axis; 2], lines: &Lines) -> Drawn {
    let range = |value: fn(&(f64, f64)) -> f64| {
        let values = lines.iter().flat_map(|(_, points)| points).map(value);
        values.fold(f64::INFINITY..f64::NEG_INFINITY, |range, value| range.start.min(value)..range.end.max(value))
    };
    let (x, y) = (range(|point| point.0), range(|point| point.1));
    match axes.map(|axis| axis.is_logarithmic) {
        [false, false] => draw_lines_in(svg, title, axes, lines, x, y),
        [true, false] => draw_lines_in(svg, title, axes, lines, x.log_scale(), y),
        [false, true] => draw_lines_in(svg, title, axes, lines, x, y.log_scale()),
        [true, true] => draw_lines_in(svg, title, axes, lines, x.log_scale(), y.log_scale()),
    }
}

fn draw_lines_in<X, Y>(svg: &mut String, title: &str, [x_axis, y_axis]: [&Axis; 2], lines: &Lines, x: X, y: Y) -> Drawn
where
    X: AsRangedCoord<Value = f64, CoordDescType: ValueFormatter<f64>>,
    Y: AsRangedCoord<Value = f64, CoordDescType: ValueFormatter<f64>>,
{
    let area = SVGBackend::with_string(svg, (WIDTH, HEIGHT)).into_drawing_area();
    area.fill(&WHITE)?;
    let mut chart = ChartBuilder::on(&area)
        .caption(title, ("sans-serif", 20))
        .margin(12)
        .x_label_area_size(44)
        .y_label_area_size(70)
        .build_cartesian_2d(x, y)?;
    chart.configure_mesh().x_desc(&x_axis.name).y_desc(&y_axis.name).label_style(FONT).draw()?;
    for (index, (name, points)) in lines.iter().enumerate() {
        let colour = COLOURS[index % COLOURS.len()];
        chart
            .draw_series(LineSeries::new(points.iter().copied(), colour.stroke_width(2)))?
            .label(name)
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 18, y)], colour.stroke_width(2)));
    }
    chart.configure_series_labels().background_style(WHITE.mix(0.85)).border_style(BLACK).label_font(FONT).draw()?;
    area.present()?;
    drop(chart);
    Ok(())
}
