// Package draw draws shoes as SVG, for the shop to have something to show before there are photos.
//
// A [Shoe] is plain data: the outline of its upper, panels with seams and textures, laces, a sole.
// The drawing is computed from that. Curves run smoothly through knots ([Curve]), seams run beside
// the edges of panels, laces are spread along the line of the eyelets, and what is on a sole is
// placed by shares of its length and height, so it follows the sole's shape.
//
// assets/build writes [Shoes] into the folder of built files; the program does not import this
// package. The drawings hold no script, no style and no address.
package draw
